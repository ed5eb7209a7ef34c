"""Metrics of the probe in Prometheus' text form: its own requests, which are not traffic, and those
of clients without them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """Requests of the probe by model, version and outcome, and requests of clients."""

    requests: dict[tuple[str, str, str], int] = field(default_factory=dict)
    clients: int | None = None
    """Successful requests to the entry model since Triton started, without those of the probe."""

    def add(self, model: str, version: str, outcome: str, number: int = 1) -> None:
        """Count requests that ended with an outcome: success, failure or none."""
        key = model, version, outcome
        self.requests[key] = self.requests.get(key, 0) + number


def metrics_text(model: str, version: str, counts: Counts, states: Mapping[str, float]) -> str:
    """Return the page. `states` holds gauges of the entry model by their name after
    `inference_operator_probe_`."""
    own = _labels(model, version)
    lines = [
        "# HELP inference_operator_probe_requests_total Requests that the probe sent, which Triton"
        " counts on each model that they ran.",
        "# TYPE inference_operator_probe_requests_total counter",
    ]
    for (name, number, outcome), count in sorted(counts.requests.items()):
        labels = f'{_labels(name, number)},outcome="{outcome}"'
        lines.append(f"inference_operator_probe_requests_total{{{labels}}} {count}")
    if counts.clients is not None:
        lines += [
            "# HELP inference_operator_client_requests_total Successful requests since Triton"
            " started, without those of the probe.",
            "# TYPE inference_operator_client_requests_total counter",
            f"inference_operator_client_requests_total{{{own}}} {counts.clients}",
        ]
    for state, value in states.items():
        lines.append(f"# TYPE inference_operator_probe_{state} gauge")
        lines.append(f"inference_operator_probe_{state}{{{own}}} {value:.10g}")
    return "\n".join(lines) + "\n"


def _labels(model: str, version: str) -> str:
    return f'model="{_escaped(model)}",version="{_escaped(version)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
