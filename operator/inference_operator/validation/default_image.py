"""Which revision a unit is to have when the operator's defaults change under it. See ADR 0016."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.validation.model import Defaults
from inference_operator.validation.revision_hash import with_default_image


@dataclass(frozen=True, slots=True)
class ImageChoice:
    """The unit with the revision that it is to have now, and why not the newest rendering."""

    unit: ServingUnit
    waits: str = ""
    """Why it does not get the new defaults yet; empty where it has them, or never will."""

    wants_slot: bool = False
    """Whether only others keep it from getting them."""

    cause: str = ""
    """What made a new revision of an unchanged spec."""


def resolve_image(
    seen: Observed, position: RolloutState, unit: ServingUnit, defaults: Defaults
) -> ImageChoice:
    """The revision of this spec that is live, whatever defaults it was made with; where defaults
    are rolled out in stages, one with the present ones once it is this unit's turn."""
    made = {r.revision: r for r in seen.revisions.values() if r.spec_hash == unit.spec_hash}
    running = (position.candidate, position.stable)
    current = next((r for r in running if r in made or _is_made_of(seen, r, unit.spec_hash)), None)
    if current is not None and current not in made:
        # Its record is rejected. That alone must not make a new revision: the pods would go.
        return ImageChoice(replace(unit, revision=current))
    live = _live(made, position)
    if live is None:
        return ImageChoice(unit)
    kept = replace(unit, revision=live.revision)
    image = live.triton_image
    if not defaults.staged or image is None or image == unit.server.image:
        return ImageChoice(kept)
    change = f"the operator's default Triton image went from {image} to {unit.server.image}"
    stays = f"{change}; revision {live.revision} goes on serving"
    if unit.rollout.paused:
        return ImageChoice(kept, f"{stays}: spec.rollout.paused is true")
    if not seen.holds_slot:
        at_once = f"at most {defaults.staged} units change at once"
        return ImageChoice(kept, f"{stays}: {at_once}", wants_slot=True)
    same = [r for r in made.values() if r.triton_image == unit.server.image]
    known = max(same, key=lambda r: r.number, default=None)
    target = known.revision if known else with_default_image(unit.spec_hash, unit.server.image)
    return ImageChoice(replace(unit, revision=target), cause=change)


def _is_made_of(seen: Observed, revision: str | None, spec_hash: str) -> bool:
    record = seen.rejected_of(revision)
    return record is not None and record.spec_hash == spec_hash


def _live(made: Mapping[str, RevisionRecord], position: RolloutState) -> RevisionRecord | None:
    for revision in (position.candidate, position.stable):
        if revision is not None and revision in made:
            return made[revision]
    return max(made.values(), key=lambda record: record.number, default=None)
