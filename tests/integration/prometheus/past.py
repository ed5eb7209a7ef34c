"""Past metrics of a unit's pods, written into the storage of a real Prometheus by promtool."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hack.services.prometheus import promtool

SCRAPE = 15
_SECONDS = 60
_BUCKETS = {"5": 0.12, "10": 0.72, "20": 0.99, "50": 1.0, "+Inf": 1.0}
_HISTOGRAM = "nv_inference_first_response_histogram_ms_bucket"


@dataclass(frozen=True, slots=True)
class PastPod:
    """A pod that was scraped each `SCRAPE` seconds. Times are in s since the beginning."""

    name: str
    rate: float = 50.0
    error_share: float = 0.002
    begin: int = 0
    end: int = 1 << 30
    restart: int = 1 << 30
    """When its counters began again at 0."""

    gaps: Sequence[range] = ()
    """Times without a scrape."""

    buckets: Mapping[str, float] = field(default_factory=lambda: _BUCKETS)
    """Shares of the requests up to each boundary."""

    namespace: str = "desk-7"

    def is_scraped(self, time: int) -> bool:
        return self.begin <= time <= self.end and not any(time in gap for gap in self.gaps)

    def counted(self, time: int) -> float:
        """Return the requests that its counters show."""
        return self.rate * (time - (self.restart if time >= self.restart else self.begin))

    def values(self, time: int) -> Iterator[tuple[str, str, float]]:
        """Yield name, labels and value of each sample."""
        total = self.counted(time)
        model = 'model="fx-drift",version="1"'
        yield "nv_inference_request_success", model, total * (1 - self.error_share)
        reason = f'{model},reason="BACKEND"'
        yield "nv_inference_request_failure", reason, total * self.error_share
        yield "nv_inference_request_duration_us", model, total * (1 - self.error_share) * 8500
        yield "nv_inference_queue_duration_us", model, total * (1 - self.error_share) * 300
        yield "nv_inference_pending_request_count", model, 0.0
        for bound, share in self.buckets.items():
            yield _HISTOGRAM, f'{model},le="{bound}"', total * share


def store(folder: Path, pods: Sequence[PastPod], begin: int, seconds: int) -> None:
    """Write the samples of so many seconds from a Unix time on into a folder of Prometheus."""
    lines: dict[str, list[str]] = {}
    for time in range(0, seconds + 1, SCRAPE):
        for pod in (each for each in pods if each.is_scraped(time)):
            # The second job is a double scrape.
            for job in ("monitor", "annotations"):
                place = f'namespace="{pod.namespace}",pod="{pod.name}",job="{job}"'
                for name, labels, value in pod.values(time):
                    sample = f"{name}{{{place},{labels}}} {value:.0f} {begin + time}"
                    lines.setdefault(name, [f"# TYPE {name} gauge"]).append(sample)
    folder.mkdir(parents=True)
    text = folder / "samples.txt"
    text.write_text("\n".join([*(line for group in lines.values() for line in group), "# EOF\n"]))
    words = ["tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")]
    subprocess.run([promtool(), *words], check=True, capture_output=True, timeout=_SECONDS)
