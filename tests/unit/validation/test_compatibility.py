"""Selection of newer revisions that fit together; `problems_of` decides here which do."""

from collections.abc import Callable, Mapping

import pytest

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec
from inference_operator.api.reasons import Reason
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.pins import Pin
from inference_operator.domain.references import Reference, Referenced
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.validation.compatibility import newest_compatible_pins
from inference_operator.validation.pipeline import CompletedPipeline
from inference_operator.validation.references import ResolvedSteps, resolve_references
from tests.fakes.bodies import epipe, step
from tests.unit.planning.seen import observed, record, with_inputs

OLD, NEW = "old", "new"
NAMES = ("price", "score", "risk")
Fits = Callable[[Mapping[str, str]], bool]


def pin(name: str, revision: str) -> Pin:
    return Pin("InferenceModel", name, revision, name, 1, "", "", None, {"plan.json": revision})


def pinned(*names: str) -> RevisionRecord:
    steps = tuple(ServedStep(name, name, 1, pin=pin(name, OLD)) for name in names)
    return record("set", steps=steps)


class Try:
    """A pipeline whose steps each refer to a model of their name with a newer revision."""

    def __init__(
        self,
        fits: Fits,
        *,
        pinned_before: tuple[str, ...] = NAMES,
        twice: bool = False,
        moved: tuple[str, ...] = NAMES,
    ) -> None:
        self.fits = fits
        self.asked: list[dict[str, str]] = []
        steps = [step(name, name) for name in NAMES]
        if twice:
            steps.append(step("again", NAMES[0]))
        there = {
            Reference("InferenceModel", name): Referenced(
                pin(name, NEW if name in moved else OLD), ready=True
            )
            for name in NAMES
        }
        seen = with_inputs(observed(records=(pinned(*pinned_before),)), references=there)
        spec = EnsemblePipelineSpec.model_validate(epipe(steps=steps)["spec"])
        state = RolloutState(stable="set")
        settled = resolve_references(seen, state, spec)
        self.kept = newest_compatible_pins(seen, state, settled, ("all newest",), self.problems_of)

    def problems_of(self, pipeline: CompletedPipeline) -> tuple[str, ...]:
        revisions = {name: pin.revision for name, pin in pipeline.pins.items()}
        self.asked.append(revisions)
        newer = [name for name, revision in revisions.items() if revision == NEW]
        return () if self.fits(revisions) else (f"with {'+'.join(newer) or 'none'}",)

    @property
    def settled(self) -> ResolvedSteps:
        assert self.kept is not None
        return self.kept

    @property
    def revisions(self) -> str:
        assert self.settled.pipeline is not None
        return " ".join(pin.revision for pin in self.settled.pipeline.pins.values())

    @property
    def messages(self) -> list[str]:
        """Return the messages of references that do not fit."""
        broken = (outcome for outcome in self.settled.references if not outcome.resolves)
        return [
            outcome.message for outcome in broken if outcome.reason is Reason.REFERENCE_INCOMPATIBLE
        ]


def without(*names: str) -> Fits:
    """Return a rule: a set fits if none of these models is newer."""
    return lambda revisions: all(revisions[name] == OLD for name in names)


@pytest.mark.parametrize(
    ("held", "revisions"),
    [
        ("price", "old new new"),
        ("score", "new old new"),
        ("risk", "new new old"),
        ("price risk", "old new old"),
        ("price score risk", "old old old"),
    ],
)
def test_what_fits_is_taken_and_the_rest_stays(held: str, revisions: str) -> None:
    attempt = Try(without(*held.split()))

    assert attempt.revisions == revisions
    assert [text.split(":")[0] for text in attempt.messages] == held.split()


def test_each_is_told_its_own_problems() -> None:
    attempt = Try(without("price", "score"))

    assert attempt.messages == [
        f"{name}: InferenceModel {name} version 1 (revision new) does not fit: with {name};"
        " version 1 (revision old) stays pinned"
        for name in ("price", "score")
    ]


def test_of_two_that_exclude_each_other_the_first_step_comes_first() -> None:
    attempt = Try(lambda revisions: revisions["price"] == OLD or revisions["risk"] == OLD)

    assert attempt.revisions == "new new old"
    assert len(attempt.messages) == 1
    assert "does not fit: all newest;" in attempt.messages[0], (
        "the last one is tried with all others"
    )


def test_steps_that_run_one_model_get_one_revision_of_it() -> None:
    attempt = Try(without("price"), twice=True)

    assert attempt.revisions == "old new new old"
    assert [text.split(":")[0] for text in attempt.messages] == ["price", "again"]


def test_what_was_never_pinned_is_part_of_every_try() -> None:
    attempt = Try(without("price"), pinned_before=("price", "score"))

    assert attempt.revisions == "old new new"
    assert all(asked["risk"] == NEW for asked in attempt.asked)


def test_what_did_not_move_is_not_tried() -> None:
    attempt = Try(without("price", "risk"), moved=("price", "risk"))

    assert attempt.revisions == "old old old"
    assert all(asked["score"] == OLD for asked in attempt.asked)


@pytest.mark.parametrize("moved", [(), ("score",)], ids=["nothing moved", "it moved in vain"])
def test_nothing_is_kept_where_the_pipeline_itself_is_wrong(moved: tuple[str, ...]) -> None:
    assert Try(lambda revisions: False, moved=moved).kept is None


def test_nothing_is_kept_where_nothing_was_pinned() -> None:
    assert Try(without(*NAMES), pinned_before=()).kept is None


@pytest.mark.parametrize(
    ("moved", "tries"), [((), 0), (("score",), 1), (NAMES, 4)], ids=["none", "one", "all"]
)
def test_each_newer_revision_is_tried_once(moved: tuple[str, ...], tries: int) -> None:
    attempt = Try(without(*moved), moved=moved)

    assert len(attempt.asked) == tries
