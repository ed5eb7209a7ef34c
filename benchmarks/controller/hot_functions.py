"""The most expensive functions of a profile that `profiled` wrote.

`python -m benchmarks.controller.hot_functions FILE` prints them.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

MOST, MOST_OF_LIBRARIES = 15, 10
# Of others: packages, the standard library, and code without a file.
_OTHERS = ("/site-packages/", "/dist-packages/", "/lib/python3", "<")
# Each callback of the event loop has a stack of its own, under that of the program's start.
_LOOP = ("asyncio/events.py:Handle._run", "asyncio/base_events.py:BaseEventLoop.run_forever")
Stack = list[str]


def table(text: str, root: Path) -> str:
    """Return the functions of our own code that took most of the time, and those of libraries."""
    own: Counter[str] = Counter()
    libraries: Counter[str] = Counter()
    below: Counter[str] = Counter()
    for stack, count in _stacks(text):
        (libraries if is_other(stack[-1]) else own)[stack[-1]] += count
        ours = next((frame for frame in reversed(stack) if not is_other(frame)), "")
        below[ours] += count
    total = below.total()
    if not total:
        return "The profile has no sample."
    lines = ["| function of our code | own time | and of what it calls in libraries |"]
    lines += ["|---|---:|---:|"]
    for frame, count in own.most_common(MOST):
        shown = frame.removeprefix(f"{root}/")
        lines.append(f"| `{shown}` | {count / total:.1%} | {below[frame] / total:.1%} |")
    lines += ["", "| function of libraries | own time |", "|---|---:|"]
    for frame, count in libraries.most_common(MOST_OF_LIBRARIES):
        lines.append(f"| `{'/'.join(frame.split('/')[-3:])}` | {count / total:.1%} |")
    shares = f"{own.total() / total:.0%} in our code, {libraries.total() / total:.0%} in libraries"
    outside = f"{below[''] / total:.0%} not called by our code"
    return "\n".join([*lines, "", f"{total} samples: {shares} ({outside})"])


def is_other(frame: str) -> bool:
    """Return whether a frame, `path:function`, is not the subject's own code."""
    return any(part in frame.rpartition(":")[0] for part in _OTHERS)


def _stacks(text: str) -> Iterator[tuple[Stack, int]]:
    for line in text.splitlines():
        frames, _, count = line.rpartition(" ")
        if frames:
            yield _callback(frames.split(";")), int(count)


def _callback(stack: Stack) -> Stack:
    """Return the part of a stack that the event loop called last, the loop's frame included."""
    starts = (place for place, frame in enumerate(stack) if frame.endswith(_LOOP))
    return stack[max(starts, default=0) :]


if __name__ == "__main__":
    print(table(Path(sys.argv[1]).read_text(), Path.cwd()))
