"""Tests of the traces: what is drawn, and that equal seeds give equal traces."""

from itertools import chain, pairwise

import pytest

from inference_operator.cli.scaling_simulation.service import Service
from inference_operator.cli.scaling_simulation.traces import (
    Known,
    TraceKind,
    arrivals_of,
    trace_of,
)


@pytest.mark.parametrize("kind", TraceKind)
def test_equal_seeds_give_equal_traces_and_others_do_not(kind: TraceKind) -> None:
    first, again, other = (trace_of(kind, seed, 120.0) for seed in (1, 1, 2))
    assert first.service == again.service
    assert arrivals_of(first) == arrivals_of(again)
    assert first.service != other.service
    assert arrivals_of(first) != arrivals_of(other)


@pytest.mark.parametrize("kind", TraceKind)
def test_arrivals_are_in_order_and_as_many_as_the_rate_says(kind: TraceKind) -> None:
    trace = trace_of(kind, 3, 600.0)
    arrivals = arrivals_of(trace)
    times = list(chain.from_iterable(arrivals))
    expected = sum(trace.rate_at(float(second)) for second in range(600))
    assert all(left < right for left, right in pairwise(times))
    assert all(int(at) == second for second, row in enumerate(arrivals) for at in row)
    assert len(times) == pytest.approx(expected, abs=5 * expected**0.5)


@pytest.mark.parametrize("kind", TraceKind)
@pytest.mark.parametrize("seed", range(1, 6))
def test_most_pods_can_answer_the_largest_load(kind: TraceKind, seed: int) -> None:
    trace = trace_of(kind, seed)
    peak = max(map(trace.rate_at, map(float, range(3600))))
    assert peak > 0
    assert trace.most_pods * trace.service.capacity > 1.5 * peak
    assert trace.slo > trace.service.full_batch_time


def test_each_kind_has_what_its_name_says() -> None:
    traces = {kind: trace_of(kind, 4) for kind in TraceKind}
    outaged = traces[TraceKind.OUTAGE_AT_PEAK]
    (outage,), rate_at = outaged.outages, outaged.rate_at
    assert rate_at(outage.start) == rate_at(outage.end) > rate_at(0.0)
    shapes = [outaged.outage_at(outage.start + seconds) for seconds in (-1.0, 0.0, 1.0)]
    assert shapes == [None, outage.shape, outage.shape]
    assert outaged.outage_at(outage.end) is None
    assert traces[TraceKind.SICK_REPLICA].sick is not None
    assert traces[TraceKind.SLOW_LOAD].load_time >= 120
    assert traces[TraceKind.SILENCE].rate_at(3599.0) == 0
    assert [kind for kind, each in traces.items() if each.outages] == [TraceKind.OUTAGE_AT_PEAK]


def test_what_is_known_is_not_drawn() -> None:
    service = Service(base=0.01, item=0.01, max_batch=2)
    facts = Known(service, slo=0.5, load_time=7.0, peak=80.0, bounds=(5, 10))
    for kind in TraceKind:
        trace = trace_of(kind, 1, 900.0, facts)
        rates = [trace.rate_at(float(second)) for second in range(900)]
        assert (trace.service, trace.slo, trace.load_time) == (service, 0.5, 7.0)
        assert trace.bounds == (5, 10)
        assert 60 <= max(rates) <= 80.001
