"""The process that owns the stack: it starts the servers, and starts one again that ends.

`python -m hack.stack.supervisor FOLDER PORTS` is started by `hack.stack.background`. The kernel
ends the servers with it.
"""

import json
import os
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from hack.console import StepError, reported, say
from hack.stack.parts import Part, Ports, parts

STATE = "stack.json"
_LOOK_SECONDS = 0.5
_AGAIN_SECONDS = 5.0


def main(arguments: list[str]) -> None:
    folder, ports = Path(arguments[0]), Ports(**json.loads(arguments[1]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with reported(), ExitStack() as running:
        started: list[Part] = []
        for part in parts(folder, ports):
            began = time.monotonic()
            running.callback(part.server.stop)
            part.server.start()
            started.append(part)
            say(f"{part.name} answers after {time.monotonic() - began:.1f} s")
        publish(folder / STATE, started)
        while True:
            time.sleep(_LOOK_SECONDS)
            for part in started:
                revive(part)


def publish(file: Path, started: list[Part]) -> None:
    """Write the addresses, so that readers see all of them or none."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text(json.dumps({part.name: part.address for part in started}))
    partial.replace(file)


def revive(part: Part) -> None:
    """Start a server that ended again; one that does not start is tried again after 5 s."""
    if (status := part.server.ended()) is None:
        return
    say(f"{part.name} ended with {status}; it is started again")
    try:
        part.server.stop()
        part.server.start()
    except StepError as failure:
        say(f"{failure}\n  What to do: {failure.remedy}")
        time.sleep(_AGAIN_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1:])
