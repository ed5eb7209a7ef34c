"""Requests of a pod's sidecar: Triton counts them as a client's, so they are taken away again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from inference_operator.domain.analysis import MeasuredTrack
from inference_operator.domain.measurement import Family, Sample
from inference_operator.planning.measuring.counters import (
    LARGEST_COUNT,
    MOST_ROWS,
    Rows,
    growth,
    merged,
)
from inference_operator.planning.measuring.totals import Totals

# Triton and the sidecar are scraped at different moments, between which it sends a request or two.
_MOST_OWED = 2.0


@dataclass(frozen=True, slots=True)
class Probes:
    """The sidecar's counters at the newest scrape, and its requests that are to be taken away."""

    rows: Rows
    successes: float = 0.0
    failures: float = 0.0


def probes_of(
    samples: Mapping[Family, tuple[Sample, ...]], track: MeasuredTrack, before: Probes | None
) -> Probes:
    """Return the sidecar's requests to the model that clients call, since the scrape before.

    A pod whose sidecar is not scraped has none.
    """
    rows = {
        (Family.PROBES, sample.labels): sample.value
        for sample in samples.get(Family.PROBES, ())
        if sample.labels[0] == track.model
        and isinstance(sample.value, float)
        and 0 <= sample.value <= LARGEST_COUNT
    }
    if len(rows) > MOST_ROWS:
        rows = {}
    if before is None:
        return Probes(rows)
    sent = {"success": before.successes, "failure": before.failures}
    for (_, labels), value in (growth(before.rows, rows) or {}).items():
        # A request without an answer is of neither kind.
        if labels[-1] in sent:
            sent[labels[-1]] += value
    return Probes(merged(before.rows, rows), sent["success"], sent["failure"])


def without_probes(totals: Totals, probes: Probes, pod: str) -> tuple[Totals, Probes]:
    """Return a pod's totals of clients alone, and what is left to be taken away later.

    >>> totals = Totals(successes=5.0, request_us=50.0, rates={"a": 0.5})
    >>> clients, left = without_probes(totals, Probes({}, successes=4), "a")
    >>> clients.successes, clients.request_us, clients.rates["a"], left.successes
    (1.0, 10.0, 0.1, 0.0)
    >>> clients, left = without_probes(Totals(successes=1.0), Probes({}, successes=2.0), "a")
    >>> clients.successes, left.successes
    (0.0, 1.0)
    """
    successes = max(totals.successes - probes.successes, 0.0)
    failures = max(totals.failures - probes.failures, 0.0)
    left = replace(
        probes,
        successes=min(max(probes.successes - totals.successes, 0.0), _MOST_OWED),
        failures=min(max(probes.failures - totals.failures, 0.0), _MOST_OWED),
    )
    if (successes, failures) == (totals.successes, totals.failures):
        return totals, left
    answered = successes / totals.successes if totals.successes else 0.0
    every = (successes + failures) / totals.requests
    clients = Totals(
        successes,
        failures,
        # The sidecar's requests are taken to be as fast as the others.
        totals.request_us * answered,
        {model: (n * answered, us * answered) for model, (n, us) in totals.queues.items()},
        {bound: number * every for bound, number in totals.buckets.items()},
        {name: rate * every if name == pod else rate for name, rate in totals.rates.items()},
        totals.timed * answered,
        # The sidecar's few requests fill no batch.
        totals.batches,
    )
    return clients, left
