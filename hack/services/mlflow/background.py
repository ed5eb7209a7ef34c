"""The MLflow server that `make train` leaves running: one for each folder."""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hack.console import StepError
from hack.services.held_lock import is_held, taken
from hack.services.mlflow.server import NAME, await_answer, command, environment
from hack.services.server_process import ServerProcess, free_ports, is_free

PORT = 5000
_END_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Background:
    """A server that outlives us. It holds a lock on `server.json` for as long as it lives."""

    folder: Path

    def uri(self) -> str | None:
        """Return its URI; None if it does not run."""
        if not is_held(self._record):
            return None
        return str(json.loads(self._record.read_text())["uri"])

    def up(self) -> str:
        """Start it if it does not run; its URI, on port 5000 unless that is taken."""
        if running := self.uri():
            return running
        self.folder.mkdir(parents=True, exist_ok=True)
        port = PORT if is_free(PORT) else free_ports(1)[0]
        uri = f"http://127.0.0.1:{port}"
        log = self.folder / "server.log"
        busy = StepError(
            f"another process starts the server of {self.folder}", "Wait for it, then try again."
        )
        with taken(self._record, busy) as record, log.open("ab") as out:
            process = subprocess.Popen(
                command(self.folder, port),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment(),
                cwd=self.folder,
                start_new_session=True,
                pass_fds=[record.fileno()],
            )
            record.truncate(0)
            record.write(json.dumps({"uri": uri, "pid": process.pid}))
        try:
            await_answer(uri, ServerProcess(NAME, log, process))
        except StepError as error:
            self.down()
            raise StepError(
                str(error), f"Read {log}; check whether another process uses port {port}."
            ) from None
        return uri

    def down(self) -> None:
        """End it and its workers; nothing where it does not run."""
        if not is_held(self._record):
            return
        group = int(json.loads(self._record.read_text())["pid"])
        deadline = time.monotonic() + _END_SECONDS
        # The lock is held until the last thread has ended, which is later than its process.
        while _group_lives(group) or is_held(self._record):
            late = time.monotonic() > deadline
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL if late else signal.SIGTERM)
            time.sleep(0.05)

    @property
    def _record(self) -> Path:
        return self.folder / "server.json"


def _group_lives(group: int) -> bool:
    """Return whether a process of the group lives; zombies do not count."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, owner = path.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(owner) == group and state not in "ZX":
            return True
    return False
