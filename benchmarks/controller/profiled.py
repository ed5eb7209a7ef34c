"""A Python program under a sampling profiler: `python profiled.py FILE -m MODULE ARGUMENTS`.

The kernel sends SIGPROF after every 5 ms of the process's CPU time, waiting left out, and each
signal counts the stack. FILE gets a line a stack, `outermost;...;innermost count`, which tools for
flame graphs read; a frame is `path:function`. Time of C functions is that of the Python function
that called them. Only the standard library is imported: the subject may be another project.
"""

import runpy
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

INTERVAL = 0.005
_DEEPEST = 200

_stacks: Counter[tuple[str, ...]] = Counter()


def _sample(_: int, frame: FrameType | None) -> None:
    stack: list[str] = []
    while frame is not None and len(stack) < _DEEPEST:
        code = frame.f_code
        if code.co_filename != __file__:
            stack.append(f"{code.co_filename}:{code.co_qualname}")
        frame = frame.f_back
    if stack:
        _stacks[tuple(reversed(stack))] += 1


def _end(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main() -> None:
    """Run the program; write the file however it ends."""
    file, *words = sys.argv[1:]
    # As `python -m` does, instead of this module's folder.
    sys.path[0] = ""
    # A program that handles SIGTERM itself replaces this.
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGPROF, _sample)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    try:
        if words[0] == "-m":
            sys.argv = words[1:]
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = words
            runpy.run_path(words[0], run_name="__main__")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        lines = [f"{';'.join(stack)} {count}\n" for stack, count in _stacks.most_common()]
        Path(file).write_text("".join(lines))


if __name__ == "__main__":
    main()
