"""Records: a bounded queue, a sink that fails, and a folder that stays within its bytes."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from serving.gateway.monitor_sink import MonitorSink, Outcome
from serving.gateway.outbox import Outbox, OutboxCounts
from serving.gateway.record_folder import RecordFolder, new_prediction_id
from serving.settings.gateway import OutboxSettings

NOW = datetime(2026, 12, 2, 20, 30, 5, tzinfo=UTC)


class ListSink:
    """A sink in memory, which is away while a test says so."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.is_away = self.is_closed = False

    def start(self) -> None:
        return

    async def write(self, lines: Sequence[bytes]) -> None:
        if self.is_away:
            raise OSError("away")
        self.batches.append(len(lines))

    async def find(self, prediction_id: str) -> Mapping[str, Any] | None:
        return None

    async def close(self) -> None:
        self.is_closed = True


def outbox(sink: Any, most: int = 10, batch: int = 4) -> Outbox:
    settings = OutboxSettings(queue=most, batch=batch, interval=0.01)
    return Outbox(sink, settings, clock=lambda: 0.0)


async def test_records_go_in_batches() -> None:
    sink = ListSink()
    box = outbox(sink)
    for number in range(9):
        box.put({"n": number})
    await box.flush()
    assert (sink.batches, box.waiting, box.counts.written) == ([4, 4, 1], 0, 9)


async def test_a_sink_that_is_away_gets_them_later_and_what_does_not_fit_is_counted() -> None:
    sink = ListSink()
    box = outbox(sink)
    sink.is_away = True
    for number in range(13):
        box.put({"n": number})
    await box.flush()
    assert (box.waiting, box.counts.dropped) == (10, {"queue_full": 3})
    sink.is_away = False
    await box.flush()
    assert (box.counts.accepted, box.counts.written) == (10, 10)


async def test_what_is_left_at_the_end_is_written_or_counted() -> None:
    for is_away, written, dropped in ((False, 2, {}), (True, 0, {"shutdown": 2})):
        sink = ListSink()
        sink.is_away = is_away
        box = outbox(sink)
        box.start()
        box.put({"n": 1})
        box.put({"n": 2})
        await box.close()
        assert (box.counts.written, box.counts.dropped, sink.is_closed) == (written, dropped, True)


async def test_a_folder_stays_within_its_bytes_and_counts_what_goes(tmp_path: Path) -> None:
    removed: list[int] = []
    times = iter(NOW.replace(minute=minute) for minute in range(6))
    folder = RecordFolder(tmp_path, 250, lambda: next(times), removed.append)
    for _ in range(6):
        await folder.write([b"x" * 99])
    assert len(list(tmp_path.glob("*.jsonl"))) == 2  # noqa: ASYNC240
    assert removed == [1, 1, 1, 1]


@pytest.mark.parametrize("minute", [30, 31, 33])
async def test_a_record_is_found_in_the_minutes_after_its_id(tmp_path: Path, minute: int) -> None:
    folder = RecordFolder(tmp_path, 1 << 20, lambda: NOW.replace(minute=minute))
    name = new_prediction_id(NOW)
    await folder.write([b'{"prediction_id":"other"}', f'{{"prediction_id":"{name}"}}'.encode()])
    assert await folder.find(name) == {"prediction_id": name}
    assert await folder.find(new_prediction_id(NOW)) is None


def test_workers_never_send_one_file_twice_and_lose_no_record(tmp_path: Path) -> None:
    folders = [RecordFolder(tmp_path, 1 << 30) for _ in range(4)]
    ended = threading.Event()

    def write(folder: RecordFolder, worker: int) -> None:
        for number in range(300):
            folder._write([b"%d-%d" % (worker, number)])

    def send(folder: RecordFolder) -> list[bytes]:
        sent: list[bytes] = []
        is_last = False
        while not is_last:
            is_last = ended.is_set()
            while (file := folder.take()) is not None:
                sent += file.read_bytes().splitlines()
                file.unlink()
        return sent

    with ThreadPoolExecutor(8) as pool:
        senders = [pool.submit(send, folder) for folder in folders]
        for writer in [pool.submit(write, each, n) for n, each in enumerate(folders)]:
            writer.result()
        ended.set()
        sent = [line for sender in senders for line in sender.result()]
    assert sorted(sent) == sorted(b"%d-%d" % (w, n) for w in range(4) for n in range(300))


def test_a_file_that_another_process_sends_is_left_alone(tmp_path: Path) -> None:
    first, second = RecordFolder(tmp_path, 1 << 20), RecordFolder(tmp_path, 1 << 20)
    first._write([b"a"])
    taken = first.take()
    assert taken is not None
    assert second.take() is None
    second._write([b"b"])
    assert taken.read_bytes() == b"a\n"
    assert first.take() == taken
    first._let_go()
    assert second.take() == taken


async def test_a_closed_folder_leaves_its_file_to_others_and_takes_none(tmp_path: Path) -> None:
    first, second = RecordFolder(tmp_path, 1 << 20), RecordFolder(tmp_path, 1 << 20)
    first._write([b"a"])
    taken = first.take()
    await first.close()
    assert first.take() is None
    assert taken is not None
    assert second.take() == taken


async def test_a_sink_that_ends_while_the_monitor_is_away_leaves_its_files_to_the_next(
    tmp_path: Path,
) -> None:
    asked = asyncio.Event()

    async def away(_: Sequence[bytes]) -> Outcome:
        asked.set()
        return Outcome.AWAY

    spool, pauses = RecordFolder(tmp_path, 1 << 20), (0.01, 0.01)
    sink = MonitorSink(away, spool, OutboxCounts(), 4, pauses)
    sink.start()
    await sink.write([b"a"])
    async with asyncio.timeout(20):
        # Records that follow spooled ones are spooled too: what is sent comes from the file.
        await asked.wait()
    await sink.close()
    taken = RecordFolder(tmp_path, 1 << 20).take()
    assert taken is not None
    assert taken.read_bytes() == b"a\n"


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "20261302T203005-0123456789abcdef", "x" * 1000]
)
async def test_ids_that_are_none_are_not_looked_for(tmp_path: Path, name: str) -> None:
    assert await RecordFolder(tmp_path, 1000).find(name) is None


class SlowSink(ListSink):
    """A sink that takes its time, and keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[bytes] = []

    async def write(self, lines: Sequence[bytes]) -> None:
        await asyncio.sleep(0.05)
        self.lines += lines


async def test_two_flushes_and_an_end_write_each_record_once() -> None:
    sink = SlowSink()
    box = outbox(sink)
    box.start()
    for number in range(9):
        box.put({"n": number})
    await asyncio.sleep(0.02)
    await asyncio.gather(box.flush(), box.flush(), box.close())
    assert [orjson.loads(line)["n"] for line in sink.lines] == list(range(9))
    assert (box.waiting, box.counts.written, box.counts.dropped) == (0, 9, {})
