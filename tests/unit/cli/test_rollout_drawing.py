"""The picture of a rollout: complete, aligned, within its width, and safe to print."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from inference_operator.cli.rollout_commands.drawing import picture
from inference_operator.cli.rollout_commands.situation import Situation, situation_of
from inference_operator.cli.rollout_commands.style import Style, columns, fit, paint, wrap
from inference_operator.cli.rollout_commands.view import view
from inference_operator.cli.rollout_commands.watching import frame
from tests.fakes.bodies import KEY, Body
from tests.golden import Golden
from tests.unit.cli.rollout_situations import (
    CANARY,
    NOON,
    STABLE,
    aborted,
    ago,
    at_step,
    body,
    condition,
    revision,
    situation,
    steady,
)

FIRST = {key: value for key, value in at_step(None).items() if key != "stable"}
MANY = {"canary": {"steps": [{"setWeight": weight} for weight in range(1, 31)]}}
BUSY = {
    **at_step(14, weight=15),
    "stable": revision(STABLE, "3", 60, 41, 85),
    "conditions": [
        condition("Ready", "False", "Progressing"),
        condition("Available", "False", "NoPodsReady", "no pod answers " * 30),
        condition("ModelLoaded", "Unknown", "Loading"),
        condition("Reconciling", "True", "Scaling"),
    ],
}


def evidence(metric: str, limit: str, above: float, below: float) -> dict[str, Any]:
    return {
        "metric": metric,
        "limit": limit,
        "above": [above] * 8,
        "below": [below] * 8,
        "inflation": 1,
    }


JUDGED = {
    **at_step(4, weight=50),
    "analysis": {
        "revision": CANARY,
        "verdict": "LowTraffic",
        "message": "errors: about 300 requests are missing",
        "metrics": [
            {
                "name": "errors",
                "verdict": "LowTraffic",
                "message": "0% of 41 requests failed, limit 1%; about 300 requests are missing",
            },
            {"name": "p95", "verdict": "Pass", "message": "17ms, limit 17.6ms"},
        ],
        "evidence": [
            evidence("errors", "max", -0.1, 1.2),
            evidence("p95", "maxRelative", -900, 900),
            evidence("gone", "max", 0, 0),
            {**evidence("errors", "maxRelative", 0, 0), "above": []},
        ],
    },
}
COMPARED = {**JUDGED, "baseline": {"revision": STABLE, "replicas": 2, "ready": 1}}
SCALED = {
    **steady(),
    "autoscaling": {
        "desiredReplicas": 5,
        "lastScaleTime": ago(minutes=4),
        "loadTime": "9s",
        "metrics": [
            {"type": "QueueTime", "value": "9.1ms", "target": "5ms", "desired": 6},
            {
                "type": "Prometheus",
                "name": "lag",
                "value": "31",
                "age": "4m",
                "target": "10",
                "reason": "Ambiguous: the query answers several series, expected one",
            },
        ],
    },
}
DRAWN = {
    "scaled": situation(SCALED),
    "judged": situation(JUDGED),
    "compared": situation(COMPARED),
    "timed-pause": situation(at_step(1)),
    "person": situation(at_step(2, weight=33)),
    "paused-by-a-person": situation(at_step(3), {"pause": CANARY}),
    "aborted": situation(aborted(with_pods=True)),
    "steady": situation(steady()),
    "first-revision": situation(FIRST),
    "without-steps": situation(at_step(None, weight=0), rollout={}),
    "many-steps": situation(BUSY, rollout=MANY),
    "not-observed": situation({**steady(), "observedGeneration": 3}),
    "no-status": situation({}),
}


def drawn(given: Situation, **style: Any) -> list[str]:
    chosen = Style(**style)
    return list(paint(picture(given, NOON, chosen), chosen))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", DRAWN)
def test_the_picture(name: str, width: int, golden: Golden) -> None:
    golden.check(f"golden/{name}-{width}.txt", "\n".join(drawn(DRAWN[name], width=width)) + "\n")


@pytest.mark.parametrize("width", [40, 57, 80, 120, 160])
@pytest.mark.parametrize("name", DRAWN)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    assert max(map(columns, drawn(DRAWN[name], width=width))) <= width


@pytest.mark.parametrize("name", DRAWN)
def test_colours_change_nothing_but_colours(name: str) -> None:
    coloured = drawn(DRAWN[name], has_colours=True)
    plain = [re.sub(r"\x1b\[[0-9]*m", "", each).rstrip() for each in coloured]

    assert any("\x1b[" in each for each in coloured)
    assert plain == drawn(DRAWN[name])


@pytest.mark.parametrize("name", DRAWN)
def test_a_terminal_without_unicode_gets_ascii(name: str) -> None:
    assert "\n".join(drawn(DRAWN[name], has_unicode=False)).isascii()


@pytest.mark.parametrize("rows", [8, 24, 50])
@pytest.mark.parametrize("name", DRAWN)
def test_a_frame_fits_into_the_terminal_and_shows_the_present_step(name: str, rows: int) -> None:
    lines = frame(DRAWN[name], Style(), NOON, rows)

    assert len(lines) <= rows
    if name == "many-steps" and rows > 8:
        assert any("▶ 15 setWeight 15" in each for each in lines)


def test_a_timed_pause_counts_down_and_never_below_nothing() -> None:
    given = situation(at_step(1))
    style = Style()

    def note(seconds: int) -> str:
        now = NOON + timedelta(seconds=seconds)
        return next(each for each in paint(picture(given, now, style), style) if "▶" in each)

    assert note(0).endswith("ends in 3m")
    assert note(95).endswith("ends in 1m25s")
    assert note(9999).endswith("is over; ends once enough pods answer (1/2 now)")


def test_a_frozen_step_says_so() -> None:
    status = {**at_step(1), "conditions": [condition("Ready", "False", "Frozen", "end of year")]}
    assert any(each.endswith("2 pause 5m   frozen") for each in drawn(situation(status)))


EVIL = "a\x1b[2J\x1b]0;owned\x07\u202eb\r\n\u0000\u200b"


def evil(value: Any) -> Any:
    """The same status with a hostile text in each place that takes one."""
    if isinstance(value, dict):
        return {key: evil(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [evil(each) for each in value]
    is_kept = not isinstance(value, str) or value.endswith("Z") or value in _ENUMERATED
    return value if is_kept else EVIL + value


_ENUMERATED = ("True", "False", "Progressing", "Degraded", "Ready", "Rollout", "Stalled", "Unknown")


@pytest.mark.parametrize("status", [at_step(1), aborted(), BUSY])
def test_no_control_character_reaches_the_terminal(status: Body) -> None:
    given = situation_of(body(evil(status), {"pause": EVIL}), KEY)
    lines = drawn(given)

    assert given.status.stable is not None
    assert all(each.isprintable() for each in lines), lines
    assert any("\\u001b" in each for each in lines)


@pytest.mark.parametrize("size", [100, 30_000])
def test_the_picture_of_a_long_status_is_short(size: int) -> None:
    status = at_step(1)
    long = "word " * (size // 5)
    status["conditions"] = [condition("Ready", "False", "Progressing", long)]
    status["conditions"] += [condition(f"Extra{n}", "False", "R", long + "x") for n in range(31)]

    assert len(drawn(situation(status))) < 150
    assert len(frame(situation(status), Style(), NOON, 24)) <= 24


def test_the_view_for_programs_has_what_the_picture_shows() -> None:
    given = view(situation(at_step(1), {"pause": CANARY}), NOON)

    assert json.loads(json.dumps(given)) == given
    assert given["currentStep"] == 2
    assert given["canaryWeight"] == 10
    assert given["canary"]["ready"] == 1
    assert given["commands"] == {"pause": CANARY}
    assert [step["state"] for step in given["steps"]] == [
        *("Done", "Present", "ToCome", "ToCome", "ToCome")
    ]
    assert given["steps"][1]["remainingSeconds"] == 180
    assert "remainingSeconds" not in given["steps"][2]


def test_missing_data_is_absent_from_the_view() -> None:
    given = view(situation({"observedGeneration": None}), NOON)

    assert given.keys() <= {
        *("kind", "namespace", "name", "generation", "hasEnded", "steps", "commands", "time"),
        *("conditions", "decisions"),
    }


def cases() -> Iterator[tuple[str, int, int]]:
    for width in (2, 5, 9, 40):
        for most in (1, 2, 5):
            yield from (
                (text, width, most) for text in ("", "a", "価格 " * 20, "x" * 90, "a b " * 9)
            )


@pytest.mark.parametrize(("text", "width", "most"), tuple(cases()))
def test_wrapped_text_fits_and_says_when_it_is_cut(text: str, width: int, most: int) -> None:
    lines = wrap(text, width, most)

    assert 1 <= len(lines) <= most
    assert all(columns(each) <= width for each in lines)
    whole = "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert whole or lines[-1].endswith("…")


def test_a_text_is_cut_at_whole_characters() -> None:
    assert fit("価格", 3) == "価…"
    assert fit("abc", 2, "...") == ""


def test_versions_that_are_equal_are_left_out() -> None:
    status = at_step(1)
    alike = {**status, "stable": {**status["stable"], "version": status["canary"]["version"]}}
    assert any("VERSION" in each for each in drawn(situation(status)))
    assert not any("VERSION" in each for each in drawn(situation(alike)))


def test_the_end_of_a_message_is_not_lost_to_a_digest() -> None:
    message = f"revision {CANARY} of https://store.example/fx.onnx (sha256 {'ab' * 32}) waits"
    status = {**at_step(1), "conditions": [condition("Ready", "False", "Progressing", message)]}
    text = " ".join(" ".join(drawn(situation(status), width=80)).split())
    assert "(sha256 abababababab…) waits" in text
