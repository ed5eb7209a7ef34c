"""What the probe answers the kubelet while a server starts, and after it has ended."""

from inference_operator.probe.load_limit import LOAD_SECONDS
from inference_operator.probe.triton import Answer
from tests.unit.probe.test_prober import WIDE, Harness, ScriptedTriton, started


def test_started_is_held_until_triton_has_loaded_the_model() -> None:
    harness = Harness(ScriptedTriton())
    arrived = harness.now
    harness.run(60)
    assert (harness.prober.started(arrived), harness.prober.answers()) == (None, None)
    harness.triton.state = "ready"
    harness.run(1)
    assert (harness.prober.started(arrived), harness.prober.answers()) == (True, True)


def test_started_fails_after_half_an_hour() -> None:
    harness = Harness(ScriptedTriton())
    assert harness.prober.started(harness.now) is None
    harness.run(LOAD_SECONDS - 1)
    assert harness.prober.started(harness.now) is None
    harness.run(2)
    assert harness.prober.started(harness.now) is False


def test_half_an_hour_counts_from_the_start_of_triton_and_begins_again_with_the_next() -> None:
    """Its image may be pulled for an hour, and the kubelet restarts it after 60 failed probes."""
    harness = Harness(ScriptedTriton())
    harness.run(2 * LOAD_SECONDS)
    assert harness.prober.started(harness.now) is None
    harness.run(LOAD_SECONDS + 60)
    assert harness.prober.started(harness.now) is False
    harness.run(100)
    assert harness.prober.started(harness.now) is None
    harness.run(LOAD_SECONDS - 1)
    assert harness.prober.started(harness.now) is None


def test_a_first_request_without_an_answer_passes_nothing() -> None:
    harness = Harness(ScriptedTriton())
    harness.triton.state, harness.triton.hangs = "ready", True
    harness.triton.release.set()
    harness.run(1)
    assert (harness.prober.started(harness.now), harness.state) == (True, (False, False))
    harness.triton.hangs, harness.triton.answer = False, Answer(200, WIDE, 0.01)
    harness.run(5)
    assert harness.prober.answers() is False
    assert [report.reason.value for report in harness.reports][:1] == ["OutputMismatch"]


def test_a_server_that_cuts_every_answer_hangs_too() -> None:
    harness = Harness(ScriptedTriton())
    harness.triton.state, harness.triton.cuts = "ready", True
    harness.run(3)
    assert harness.prober.answers() is None
    harness.run(5)
    assert harness.state == (False, False)
    harness.triton.cuts = False
    harness.run(5)
    assert harness.state == (True, True)


def test_a_sidecar_that_was_restarted_gives_a_hanging_model_less_time() -> None:
    harness = Harness(ScriptedTriton(), served=10.0)
    harness.triton.state, harness.triton.hangs = "ready", True
    harness.triton.release.set()
    assert harness.prober.answers() is None
    harness.run(6)
    assert harness.state == (False, False)
    assert harness.triton.times[0] == 40.0, "four times the first answer"


def test_questions_of_strangers_do_not_make_the_probe_ask_more_than_once_a_second() -> None:
    harness = started()
    harness.run(10)
    before = len(harness.triton.asked)
    for _ in range(50):
        harness.prober.started(harness.now)
        harness.run(0.1)
    assert len(harness.triton.asked) - before <= 6


def test_a_model_that_fails_its_first_request_has_started_and_is_not_ready() -> None:
    harness = Harness(ScriptedTriton())
    harness.triton.state, harness.triton.answer = "ready", Answer(200, WIDE, 0.01)
    harness.run(1)
    assert (harness.prober.started(harness.now), harness.prober.answers()) == (True, False)


def test_started_asks_for_another_look_since_triton_may_have_been_restarted() -> None:
    harness = started()
    harness.run(10)
    arrived = harness.now
    assert harness.prober.started(arrived) is None
    harness.triton.state = "gone"
    harness.run(0.1)
    assert harness.prober.started(arrived) is None, "the look is due at once"
    harness.run(20)
    assert (harness.prober.started(arrived), harness.prober.answers()) == (None, False)
    harness.triton.state, harness.triton.succeeded = "ready", 0
    harness.run(1)
    assert (harness.prober.started(arrived), harness.prober.answers()) == (True, True)


def test_a_server_that_does_not_answer_any_more_has_started() -> None:
    harness = started()
    arrived = harness.now
    harness.triton.state = "stuck"
    harness.prober.started(arrived)
    harness.run(5)
    assert harness.prober.started(arrived) is True, "so that the kubelet asks whether it is live"


def test_a_server_that_ends_stays_ready_for_ten_seconds() -> None:
    harness = started()
    harness.run(10)
    harness.triton.state = "gone"
    harness.run(9)
    assert harness.prober.answers() is True, "the kubelet sees the end itself"
    harness.run(5)
    assert harness.prober.answers() is False


def test_a_silent_server_that_ends_does_not_become_ready() -> None:
    harness = started()
    harness.triton.hangs = True
    harness.run(12)
    assert harness.state == (False, True)
    harness.triton.state = "gone"
    harness.run(1)
    assert harness.prober.answers() is False
    harness.triton.release.set()


def test_triton_that_calls_the_version_not_ready_twice_is_believed() -> None:
    harness = started()
    harness.triton.state = "unloading"
    harness.run(2.5)
    assert harness.prober.answers() is True
    harness.run(4)
    assert harness.state == (False, True)
    harness.triton.state = "ready"
    harness.run(4)
    assert harness.state == (True, True)
