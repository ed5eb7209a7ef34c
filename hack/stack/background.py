"""The stack in the background: one for each folder, as long as its supervisor holds a lock."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from hack.console import StepError
from hack.product import ROOT
from hack.services import held_lock, server_process
from hack.services.held_lock import is_held
from hack.services.server_process import ServerProcess, is_free
from hack.stack.parts import Ports
from hack.stack.supervisor import STATE

_READY_SECONDS = 300.0
_END_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack whose files lie in `folder`. It outlives us."""

    folder: Path

    def addresses(self) -> Mapping[str, str] | None:
        """Return the address of each part; None if the stack does not run or is not ready."""
        if not is_held(self._lock):
            return None
        try:
            addresses: dict[str, str] = json.loads((self.folder / STATE).read_text())
        except FileNotFoundError:
            return None
        return addresses

    def check(self, ports: Ports) -> None:
        """Raise StepError if another process starts it, or a port is taken."""
        if is_held(self._lock):
            raise self._busy()
        taken = [f.name for f in fields(ports) if not is_free(getattr(ports, f.name))]
        if taken:
            shown = ", ".join(f"{getattr(ports, name)} ({name})" for name in taken)
            raise StepError(
                f"ports of the stack are taken: {shown}",
                "End what listens there (`ss -ltnp` names it), or take other ports:"
                " `make stack-up FREE_PORTS=1`.",
            )

    def up(self, ports: Ports) -> Mapping[str, str]:
        """Start it, and return its addresses when all parts answer.

        Raises:
            StepError: if another process starts it, or a part does not start.
        """
        (self.folder / STATE).unlink(missing_ok=True)
        log = self.folder / "supervisor.log"
        with held_lock.taken(self._lock, self._busy()) as lock, log.open("wb") as out:
            words = [str(self.folder), json.dumps(asdict(ports))]
            process = subprocess.Popen(
                [sys.executable, "-m", "hack.stack.supervisor", *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}"},
                cwd=self.folder,
                start_new_session=True,
                pass_fds=[lock.fileno()],
            )
            lock.truncate(0)
            lock.write(str(process.pid))
        return self._ready(ServerProcess("the stack", log, process))

    def down(self) -> bool:
        """End what `up` started; False if nothing runs."""
        if not is_held(self._lock):
            return False
        pid = int(self._lock.read_text())
        deadline = time.monotonic() + _END_SECONDS
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        # The lock is free when the process has ended; it ends its servers before.
        while is_held(self._lock):
            if time.monotonic() > deadline:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        (self.folder / STATE).unlink(missing_ok=True)
        return True

    def clear_models(self) -> Path:
        """Return the folder of the model repository, without any model."""
        repository = self.folder / "models"
        shutil.rmtree(repository, ignore_errors=True)
        return repository

    def _busy(self) -> StepError:
        return StepError(
            f"another process starts the stack of {self.folder}",
            "Wait for it, then try again; `make stack-down` ends it.",
        )

    def _ready(self, supervisor: ServerProcess) -> Mapping[str, str]:
        try:
            server_process.await_answer(
                lambda: self.addresses() is not None, supervisor, seconds=_READY_SECONDS
            )
        except BaseException:
            self.down()
            raise
        return self.addresses() or {}

    @property
    def _lock(self) -> Path:
        return self.folder / "stack.lock"
