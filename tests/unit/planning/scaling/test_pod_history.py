"""Histories of pods: what their parts keep in memory."""

from tests.unit.planning.scaling.scaling_bench import Bench


def test_parts_share_what_they_do_not_hold() -> None:
    """A thousand units have tens of thousands of parts."""
    bench = Bench()
    bench.run(6)
    assert bench.memory is not None
    totals = [part.totals for each in bench.memory.pods.values() for part in each.parts]

    assert len(totals) > 8
    assert {len(each.rates) for each in totals} == {0}
    assert len({id(empty) for each in totals for empty in (each.rates, each.buckets)}) == 1
