"""Choice of a unit's revision after a change of the operator's default image. See ADR 0016."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from inference_operator.api.quoting import counted
from inference_operator.domain.observed import Observed, RevisionRecord
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.validation.defaults import Defaults
from inference_operator.validation.freeze import why_frozen
from inference_operator.validation.revision_hash import with_default_image


@dataclass(frozen=True, slots=True)
class ImageChoice:
    """The unit with the revision to run now, and why it is not the newest rendering."""

    unit: ServingUnit
    outdated_default_reason: str = ""
    """Why the unit does not get the new defaults yet; empty if it has them, or never will."""

    wants_slot: bool = False
    """Whether the unit only waits for other units to finish."""

    revision_cause: str = ""
    """Why an unchanged spec gets a new revision."""


def resolve_image(
    seen: Observed, state: RolloutState, unit: ServingUnit, defaults: Defaults
) -> ImageChoice:
    """Keep the live revision of this spec, whichever defaults it was made with.

    If new defaults are rolled out in stages, a unit that holds a slot gets a revision with them.
    """
    made = {
        r.revision: r for r in seen.children.revisions.values() if r.spec_hash == unit.spec_hash
    }
    running = (state.canary, state.stable)
    current = next((r for r in running if r in made or _is_made_of(seen, r, unit.spec_hash)), None)
    if current is not None and current not in made:
        # Its record is rejected. A new revision for that alone would delete the pods.
        return ImageChoice(replace(unit, revision=current))
    live = _live(made, state)
    if live is None:
        return ImageChoice(unit)
    kept = replace(unit, revision=live.revision)
    image = live.triton_image
    if not defaults.staged or image is None or image == unit.server.image:
        return ImageChoice(kept)
    change = f"the operator's default Triton image changed from {image} to {unit.server.image}"
    stays = f"{change}; revision {live.revision} continues to serve"
    if why := _why_kept(seen, state, unit, live, defaults):
        return ImageChoice(kept, f"{stays}: {why}")
    if not seen.holds_slot:
        units = f"at most {counted(defaults.staged, 'unit')} may change at the same time"
        return ImageChoice(kept, f"{stays}: {units}", wants_slot=True)
    same = [r for r in made.values() if r.triton_image == unit.server.image]
    newest = max(same, key=lambda r: r.number, default=None)
    target = newest.revision if newest else with_default_image(unit.spec_hash, unit.server.image)
    return ImageChoice(replace(unit, revision=target), revision_cause=change)


def _why_kept(
    seen: Observed,
    state: RolloutState,
    unit: ServingUnit,
    live: RevisionRecord,
    defaults: Defaults,
) -> str:
    """Return what keeps a unit from new defaults, which would start a rollout: a pause, a freeze,
    a rollback or an abort."""
    if unit.rollout.paused:
        return "spec.rollout.paused is true"
    if freeze := why_frozen(seen, defaults):
        return freeze
    if back := seen.inputs.commands.rolled_back_to(live.revision, state.handled):
        return f"somebody went back to revision {back}"
    aborted = seen.children.revisions.get(state.aborted.revision) if state.aborted else None
    if aborted is not None and aborted.spec_hash == unit.spec_hash:
        return f"the rollout of revision {aborted.revision} was aborted"
    return ""


def _is_made_of(seen: Observed, revision: str | None, spec_hash: str) -> bool:
    record = seen.rejected_of(revision)
    return record is not None and record.spec_hash == spec_hash


def _live(made: Mapping[str, RevisionRecord], state: RolloutState) -> RevisionRecord | None:
    for revision in (state.canary, state.stable):
        if revision is not None and revision in made:
            return made[revision]
    return max(made.values(), key=lambda record: record.number, default=None)
