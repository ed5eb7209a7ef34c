"""Rules that metrics of an analysis and of autoscaling share, and their parts."""

from inference_operator.api.limit_text import exact_milliseconds
from inference_operator.api.rules import Rule, cel_string

TIMES = ("Latency", "QueueTime")
"""Types whose values are durations."""

TIME = r"[0-9]{1,9}(\.[0-9]{1,9})?(us|ms|s)"
"""Form of a duration in a metric."""


def is_one_of(types: tuple[str, ...]) -> str:
    """Return the CEL condition that the metric is of one of these types.

    >>> is_one_of(("Latency", "QueueTime"))
    "self.type in ['Latency', 'QueueTime']"
    """
    return f"self.type in [{', '.join(map(cel_string, types))}]"


def is_time_in_range(text: str) -> bool:
    """Return whether a duration of the form `TIME` is from 100us to 60s.

    >>> is_time_in_range("20ms"), is_time_in_range("99us")
    (True, False)
    """
    return exact_milliseconds("100us") <= exact_milliseconds(text) <= 60_000


QUERY_RULE = Rule(
    # Without the query in the sentence: it may be long.
    cel="has(self.query) == (self.type == 'Prometheus')",
    holds=lambda self: (self.query is not None) == (self.type == "Prometheus"),
    value="a query without type Prometheus, or that type without a query",
    requirement="a query for type Prometheus, and for no other",
    remedy="write the query, or remove it",
    field="query",
)
