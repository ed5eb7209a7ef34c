"""Pods of Triton as a scrape sees them: counters that grow, in shapes that a test sets."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from inference_operator.domain.measurement import PodName

Lines = list[str]
Histogram = Mapping[float, float]
"""Boundary in ms -> share of the requests that were not slower."""

FAST: Histogram = {5: 0.5, 10: 0.9, 20: 0.97, 50: 1.0}
SLOW: Histogram = {5: 0.2, 10: 0.5, 20: 0.85, 50: 1.0}
_BUCKET = "nv_inference_first_response_histogram_ms_bucket"


@dataclass
class TritonPod:
    """One pod: its requests a second, how many of them fail, and the text of its metrics."""

    pod: PodName
    model: str = "price"
    requests: float = 2000.0
    """A second, as Triton counts them. Nobody sends them."""

    failing: float = 0.01
    """Share of the requests that fail."""

    histogram: Histogram | None = None
    """Triton before 26.01 has none."""

    shape: Callable[[Lines], Lines] = list
    """Edits the lines of a scrape."""

    _counted: dict[float | str, float] = field(default_factory=dict)
    _at: float = field(default_factory=time.monotonic)

    def text(self) -> Lines:
        """Return the lines of a scrape now."""
        self._grow()
        labels = f'namespace="{self.pod.namespace}",pod="{self.pod.name}",model="{self.model}"'
        own = f'{labels},version="1"'
        lines = [f"nv_inference_pending_request_count{{{own}}} 0"]
        for name in ("request_success", "request_duration_us", "queue_duration_us"):
            lines.append(f"nv_inference_{name}{{{own}}} {self._value(name)}")
        failures = f'nv_inference_request_failure{{{own},reason="OTHER"}}'
        lines.append(f"{failures} {self._value('request_failure')}")
        for bound in self.histogram or ():
            lines.append(f'{_BUCKET}{{{own},le="{bound:g}"}} {self._value(bound)}')
        if self.histogram:
            lines.append(f'{_BUCKET}{{{own},le="+Inf"}} {self._value("requests")}')
        return self.shape(lines)

    def restart(self) -> None:
        """Let all counters begin again at 0."""
        self._counted.clear()

    def _value(self, name: float | str) -> int:
        return int(self._counted.get(name, 0.0))

    def _grow(self) -> None:
        now = time.monotonic()
        requests, self._at = self.requests * (now - self._at), now
        good = requests * (1 - self.failing)
        grown: dict[float | str, float] = {
            "requests": requests,
            "request_success": good,
            "request_failure": requests - good,
            "request_duration_us": good * 8000,
            "queue_duration_us": good * 500,
            **{bound: requests * share for bound, share in (self.histogram or {}).items()},
        }
        for name, more in grown.items():
            self._counted[name] = self._counted.get(name, 0.0) + more
