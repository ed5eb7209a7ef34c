"""Requests of clients, counted without those of the probe."""

from inference_operator.probe.metrics_text import Counts, metrics_text
from inference_operator.probe.traffic import Traffic
from inference_operator.probe.triton import Answer, Counters
from inference_operator.probe.wording import is_about_dead_stub, is_of_the_queue

GOOD, BAD = Answer(200, {}, 0.5), Answer(500, {"error": "no"}, 0.5)


def begun(succeeded: int = 0, failed: int = 0) -> Traffic:
    traffic = Traffic()
    traffic.begin(Counters(succeeded, failed, 0.0))
    return traffic


def test_own_requests_are_no_traffic() -> None:
    traffic = begun()
    for number in range(1, 100):
        traffic.own(GOOD)
        assert traffic.look(Counters(number, 0, number * 0.5), 0) == (False, False)
    assert traffic.clients == 0


def test_an_own_request_that_is_counted_late_is_no_traffic() -> None:
    traffic = begun()
    traffic.own(GOOD)
    assert traffic.look(Counters(0, 0, 0.0), 0) == (False, False)
    assert traffic.look(Counters(1, 0, 0.5), 0) == (False, False)
    assert traffic.clients == 0


def test_an_own_request_that_is_counted_early_is_no_client() -> None:
    traffic = begun()
    assert traffic.look(Counters(1, 0, 0.5), 1) == (True, False)
    traffic.own(GOOD)
    assert traffic.look(Counters(1, 0, 0.5), 0) == (False, False)
    assert traffic.clients == 0


def test_requests_of_clients_are_counted_with_their_mean_time() -> None:
    traffic = begun(40)
    traffic.own(GOOD)
    assert traffic.look(Counters(44, 2, 6.5), 0) == (True, True)
    assert (traffic.clients, traffic.mean_seconds) == (3, 2.0)
    assert traffic.look(Counters(44, 2, 6.5), 0) == (False, False)
    assert traffic.mean_seconds == 0.0


def test_own_failures_are_no_failures_of_clients() -> None:
    traffic = begun()
    traffic.own(BAD)
    assert traffic.look(Counters(0, 1, 0.0), 0) == (False, False)


def test_a_restart_of_triton_goes_on_counting() -> None:
    traffic = begun()
    traffic.look(Counters(5, 0, 1.0), 0)
    assert traffic.is_of_before(Counters(0, 0, 0.0))
    traffic.begin(Counters(0, 0, 0.0))
    assert not traffic.is_of_before(Counters(2, 0, 1.0))
    traffic.look(Counters(2, 0, 1.0), 0)
    assert traffic.clients == 7


def test_without_counters_nothing_is_said_about_clients() -> None:
    traffic = Traffic()
    traffic.begin(None)
    assert traffic.clients is None
    assert "client_requests" not in metrics_text("m", "1", Counts(), {})


def test_the_page_of_metrics() -> None:
    counts = Counts(clients=4)
    counts.add("m", "1", "success")
    counts.add("m", "1", "success")
    counts.add('a"b\n', "2", "success", 3)
    counts.add("m", "1", "none")
    lines = metrics_text("m", "1", counts, {"ready": 1.0}).splitlines()

    assert [line for line in lines if not line.startswith("#")] == [
        'inference_operator_probe_requests_total{model="a\\"b\\n",version="2",outcome="success"} 3',
        'inference_operator_probe_requests_total{model="m",version="1",outcome="none"} 1',
        'inference_operator_probe_requests_total{model="m",version="1",outcome="success"} 2',
        'inference_operator_client_requests_total{model="m",version="1"} 4',
        'inference_operator_probe_ready{model="m",version="1"} 1',
    ]


def test_sentences_of_triton_about_dead_processes_and_full_queues() -> None:
    assert is_about_dead_stub("Stub process 'bars_0_0' is not healthy.")
    assert is_about_dead_stub("in ensemble 'both', Stub process 'two_0_0' is not healthy.")
    assert is_about_dead_stub("Stub process is not healthy.")
    assert is_about_dead_stub("Failed to obtain the health mutex.")
    assert not is_about_dead_stub("the stub of a cheque is missing")
    assert is_of_the_queue("Exceeds maximum queue size")
    assert not is_of_the_queue("")
