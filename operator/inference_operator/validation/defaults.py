"""The operator's defaults, which a spec may rely on."""

from dataclasses import dataclass, field

from inference_operator.domain.allow_lists import AllowLists


@dataclass(frozen=True, slots=True)
class Defaults:
    """Settings of the operator that complete a spec. They are never part of a revision's hash."""

    triton_image: str
    loader_image: str
    artifact_cache: str | None = None
    staged: int = 0
    """How many units may get new defaults at once; 0: each one when its own spec changes."""

    freezes_rollouts: bool = False
    """Whether no rollout takes a step forward."""

    allowed: AllowLists = field(default_factory=AllowLists)
    """Values that new revisions may use."""
