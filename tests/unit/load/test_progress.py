"""Progress is a structured line every few seconds, and sizes read well."""

import json

import pytest

from inference_operator.load.transfer.progress import Progress
from inference_operator.load.transfer.space import sized


def test_progress_says_bytes_total_and_rate_every_five_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seconds = iter([0.0, 1.0, 4.0, 5.0, 6.0, 10.0, 10.0])
    progress = Progress("lstm", 1000, done=100, clock=lambda: next(seconds))
    for _ in range(5):
        progress.add(100)
    progress.end()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["message"], line["bytes"]) for line in lines] == [
        ("fetching", 400),
        ("fetching", 600),
        ("fetched", 600),
    ]
    assert lines[1]["bytesPerSecond"] == 50
    assert {line["total"] for line in lines} == {1000}
    assert {line["model"] for line in lines} == {"lstm"}


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1536, "1.5 KiB (1,536 bytes)"),
        (3 << 30, "3.0 GiB (3,221,225,472 bytes)"),
        (5 << 50, "5120.0 TiB (5,629,499,534,213,120 bytes)"),
    ],
)
def test_sizes_are_readable_and_exact(count: int, text: str) -> None:
    assert sized(count) == text
