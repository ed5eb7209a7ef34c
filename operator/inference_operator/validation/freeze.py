"""Causes of a freeze of rollouts: the operator's setting, and an annotation of the namespace."""

from inference_operator.domain.observed import Observed
from inference_operator.validation.defaults import Defaults

FREEZE_SETTING = "INFERENCE_OPERATOR_FREEZE_ROLLOUTS"


def why_frozen(seen: Observed, defaults: Defaults) -> str:
    """Return a part of a sentence about all that freezes the unit's rollouts; empty if nothing
    does."""
    setting = f"the operator's setting {FREEZE_SETTING} freezes all rollouts"
    causes = (setting if defaults.freezes_rollouts else "", seen.inputs.freeze)
    return ", and ".join(cause for cause in causes if cause)
