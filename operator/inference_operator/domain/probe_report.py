"""Report of `probe` on the pod's termination log, and what the probe and its pod agree on. Only the
standard library and small modules are imported: a probe runs in every serving pod."""

import json
from dataclasses import dataclass

from inference_operator.api.quoting import cut, one_line
from inference_operator.api.reasons import Reason
from inference_operator.domain.bounded_json import JsonLimits, parse_json

PROBE_PORT = 8003
PROBE_FOLDER = "/var/run/inference-operator"
"""A folder of the pod that outlives a restart of the probe's container."""

MOST_MESSAGE = 1200
_LIMITS = JsonLimits(size=4096)
_REASONS = frozenset({Reason.FIRST_REQUEST_FAILED, Reason.OUTPUT_MISMATCH})


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """Reason why a model failed its first request, and what was sent, expected and received."""

    reason: Reason
    message: str

    def to_json(self) -> str:
        """Return the report in at most 4,096 bytes, which the kubelet keeps."""
        message = cut(one_line(self.message), MOST_MESSAGE)
        text = json.dumps({"reason": self.reason.value, "message": message})
        while len(text) > _LIMITS.size:  # escapes of rare letters take up to 12 bytes each
            message = cut(message, len(message) // 2)
            text = json.dumps({"reason": self.reason.value, "message": message})
        return text

    @classmethod
    def from_json(cls, text: str | None) -> "ProbeReport | None":
        """Read a termination message; return None if `probe` did not write it."""
        try:
            data = parse_json(text or "", _LIMITS)
            reason, message = Reason(data["reason"]), data["message"]
        except (ValueError, TypeError, KeyError):
            return None
        if reason not in _REASONS or not isinstance(message, str):
            return None
        return cls(reason, cut(one_line(message), MOST_MESSAGE))
