"""The end of a work queue: passes that have begun end, and no other begins."""

import asyncio

from inference_operator.domain.names import UnitKey
from inference_operator.reconcile.work_queue import WorkQueue, work

from .test_work_queue import ONE, TWO, waits


async def test_a_stop_waits_for_what_has_begun_and_drops_the_rest() -> None:
    queue = WorkQueue()
    queue.wake(ONE)
    await queue.take()
    queue.wake(ONE)
    queue.wake(TWO, urgent=True)
    queue.wake_after(TWO, 0)
    stopping = asyncio.create_task(queue.stop())
    await asyncio.sleep(0)
    assert not stopping.done()

    queue.done(ONE, failed=True)
    queue.wake(TWO, urgent=True)

    await asyncio.wait_for(stopping, 1)
    assert len(queue) == 0
    assert await waits(queue)


async def test_of_400_keys_only_those_in_flight_get_their_pass_after_a_stop() -> None:
    queue, begun, all_busy, may_end = WorkQueue(), 0, asyncio.Event(), asyncio.Event()

    async def one_pass(key: UnitKey, under_load: bool) -> None:
        nonlocal begun
        begun += 1
        if begun == 20:
            all_busy.set()
        await may_end.wait()

    for number in range(400):
        queue.wake(UnitKey("InferenceModel", "desk-7", f"model-{number}"))
    workers = [asyncio.create_task(work(queue, one_pass, lambda *_: None)) for _ in range(20)]
    await all_busy.wait()
    stopping = asyncio.create_task(queue.stop())
    await asyncio.sleep(0)
    may_end.set()
    await asyncio.wait_for(stopping, 1)
    for worker in workers:
        worker.cancel()

    assert begun == 20
