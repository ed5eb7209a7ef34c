"""`rollback` and `refresh-alias`: the revision that is chosen, and what is refused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.cli.rollout_commands.alias import refresh
from inference_operator.cli.rollout_commands.change import RefusalError
from inference_operator.cli.rollout_commands.rollback import rollback, undo
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.domain.accelerator import Mode
from inference_operator.domain.commands import Commands, Verb
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.resolution import Facts, Resolved
from tests.fakes.bodies import Body
from tests.unit.cli.rollout_situations import (
    CANARY,
    NAMED,
    NOON,
    OLDER,
    STABLE,
    aborted,
    at_step,
    condition,
    decisions,
    revision,
    situation,
    steady,
)

OLDEST = "11be5eabf0"


def record(name: str, number: int, version: int) -> RevisionRecord:
    uri = f"models:/fx/{version}"
    return RevisionRecord(
        revision=name,
        number=number,
        model="fx",
        version=version,
        uri=uri,
        sha256=None,
        mode=Mode.CPU,
        children=(),
        resolved=Resolved(uri, uri, version, "run", "https://m/x", Facts("m.onnx")),
    )


RECORDS = {
    OLDEST: record(OLDEST, 1, 1),
    OLDER: record(OLDER, 2, 2),
    STABLE: record(STABLE, 3, 3),
    CANARY: record(CANARY, 4, 4),
}


def back(since: str = STABLE, to: str = OLDER) -> Situation:
    """The situation while an older revision serves than the spec asks for."""
    status = {
        **steady(),
        "stable": revision(to, "2", 4, 4, 100),
        "conditions": [condition("Ready", "False", "RolledBack")],
        "decisions": [{**decisions()[0], "from": since, "to": to}],
    }
    return situation(status, {"rollback": f"{to};from={since}"})


@pytest.mark.parametrize(
    ("given", "to", "value"),
    [
        (situation(steady()), None, f"{OLDER};from={STABLE}"),
        (situation(steady()), "2", f"{OLDER};from={STABLE}"),
        (situation(steady()), OLDEST, f"{OLDEST};from={STABLE}"),
        (situation({**steady(), "decisions": []}), None, f"{OLDER};from={STABLE}"),
        (situation({**steady(), "decisions": [], "rollout": {}}), None, f"{OLDER};from={STABLE}"),
        (situation(at_step(1)), "2", f"{OLDER};from={CANARY}"),
        (situation(aborted()), None, f"{OLDER};from={CANARY}"),
        (back(), "1", f"{OLDEST};from={STABLE}"),
    ],
)
def test_it_names_the_older_revision_and_that_of_the_spec(
    given: Situation, to: str | None, value: str
) -> None:
    change = rollback(given, RECORDS, to, NOON)

    assert change.annotations == {Verb.ROLLBACK: value}
    assert Commands({Verb.ROLLBACK: value}).rolled_back_to(value.partition("from=")[2])
    assert "takes over from revision" in change.sentence


@pytest.mark.parametrize(
    ("given", "to", "sentence"),
    [
        (situation({}), None, "no revision has served clients yet"),
        (situation(at_step(1)), None, f"`kubectl inference abort {NAMED}` sends all clients"),
        (situation(at_step(1)), "3", f"`kubectl inference abort {NAMED}` ends the rollout"),
        (situation(at_step(1)), "4", "is being rolled out already"),
        (situation(steady()), "3", "is the stable one and serves clients"),
        (situation(aborted()), "4", f"`kubectl inference retry {NAMED}` starts it again"),
        (back(), None, f"`kubectl inference rollback {NAMED} --undo` rolls it out again"),
        (back(), "3", f"`kubectl inference rollback {NAMED} --undo` rolls it out again"),
        (
            situation(steady()),
            "9\x1b",
            'found no revision or version "9\\u001b", expected one that',
        ),
        (situation({**steady(), "observedGeneration": 3}), "1", "has not looked at generation 4"),
    ],
)
def test_it_says_why_a_revision_cannot_take_over(
    given: Situation, to: str | None, sentence: str
) -> None:
    with pytest.raises(RefusalError) as refused:
        rollback(given, RECORDS, to, NOON)

    assert sentence in str(refused.value)


def test_versions_of_several_revisions_must_be_told_apart() -> None:
    records = {**RECORDS, "aa": replace(RECORDS[OLDER], revision="aa", number=9)}
    with pytest.raises(RefusalError, match=r'version "2" has 2 revisions: revision aa of version'):
        rollback(situation(steady()), records, "2", NOON)


def test_without_a_kept_revision_it_says_where_the_limit_is() -> None:
    with pytest.raises(RefusalError, match=r"spec\.rollout\.revisionHistoryLimit"):
        rollback(situation(steady()), {STABLE: RECORDS[STABLE]}, None, NOON)


def test_a_source_without_versions_is_named_by_its_revision() -> None:
    records = {name: replace(each, resolved=None) for name, each in RECORDS.items()}

    assert rollback(situation(steady()), records, OLDER, NOON).annotations
    with pytest.raises(RefusalError, match="found no revision or version"):
        rollback(situation(steady()), records, "2", NOON)


def test_a_repeated_rollback_writes_nothing() -> None:
    given = situation(steady(), {"rollback": f"{OLDER};from={STABLE}"})

    change = rollback(given, RECORDS, "2", NOON)
    assert not change.annotations
    assert "already" in change.sentence


def test_an_undone_rollback_rolls_out_what_the_spec_asks_for() -> None:
    change = undo(back())

    assert change.annotations == {Verb.ROLLBACK: None}
    assert f"revision {STABLE} of the spec is rolled out again" in change.sentence


def test_a_rollback_that_an_edit_ended_is_removed() -> None:
    change = undo(situation(steady(), {"rollback": f"{OLDER};from={OLDEST}"}))

    assert change.annotations == {Verb.ROLLBACK: None}
    assert "has ended" in change.sentence


def test_nothing_is_undone_without_a_rollback() -> None:
    with pytest.raises(RefusalError, match="nobody has rolled back"):
        undo(situation(steady()))


ALIAS: Body = {"source": {"uri": "models:/fx@champion"}}


def test_the_registry_is_asked_after_the_present_time() -> None:
    change = refresh(situation(steady(), model=ALIAS), NOON)

    assert change.annotations == {Verb.REFRESH_ALIAS: "2031-05-06T12:00:00Z"}
    assert "models:/fx@champion" in change.sentence
    asked = situation(steady(), {"refresh-alias": change.value}, model=ALIAS)
    assert not refresh(asked, NOON).annotations
    assert refresh(asked, NOON + timedelta(seconds=1)).annotations


@pytest.mark.parametrize(
    "uri", ["models:/fx/3", "https://user:secret@store.example/a@b", "s3://a/b@c", "models:/@x", 7]
)
def test_a_source_without_an_alias_is_refused(uri: Any) -> None:
    with pytest.raises(RefusalError, match="names no alias of a registry") as refused:
        refresh(situation(steady(), model={"source": {"uri": uri}}), NOON)
    assert "secret" not in str(refused.value)


def test_aliases_of_a_pipeline_s_own_models_are_asked_for() -> None:
    steps = [{"name": "a", "modelRef": {"name": "b"}}, {"name": "c", "model": ALIAS}]

    assert refresh(situation(steady(), model=None, steps=steps), NOON).annotations
    with pytest.raises(RefusalError, match="only references to other resources"):
        refresh(situation(steady(), model=None, steps=steps[:1]), NOON)


def test_a_rollback_that_has_ended_is_asked_for_again_with_a_time() -> None:
    value, status = f"{OLDER};from={CANARY}", aborted()
    status["rollout"]["handled"] = [f"rollback={value}"]
    given = situation(status, {"rollback": value})

    assert given.rolled_back_to is None
    again = rollback(given, RECORDS, None, NOON)
    assert again.annotations == {Verb.ROLLBACK: f"{value}@2031-05-06T12:00:00Z"}
    assert situation(status, {"rollback": again.value}).rolled_back_to == OLDER
