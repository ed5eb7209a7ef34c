"""The API server without nodes: fast up, fast down, and never left alone."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hack.cluster.apiserver import ApiServer

pytestmark = pytest.mark.integration


def test_it_answers_and_logs_who_asked() -> None:
    with ApiServer() as server:
        server.kubectl("create", "configmap", "fresh")
        assert server.kubectl.get("configmap", "fresh")["metadata"]["namespace"] == "default"
        entries = [json.loads(line) for line in server.audit_log.read_text().splitlines()]
        writes = [each for each in entries if each["verb"] == "create"]
        assert {each["userAgent"].split("/")[0] for each in writes} == {"kubectl"}
        pod = ("run", "alone", "--image=none")
        assert server.kubectl.succeeds(*pod)
    assert not server.folder.exists()


def test_controllers_collect_garbage() -> None:
    with ApiServer(controller_manager=True) as server:
        server.kubectl("create", "configmap", "parent")
        uid = server.kubectl.get("configmap", "parent")["metadata"]["uid"]
        owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "parent", "uid": uid}
        metadata = {"name": "child", "namespace": "default", "ownerReferences": [owner]}
        server.kubectl.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
        server.kubectl("delete", "configmap", "parent")
        server.kubectl("wait", "--for=delete", "configmap/child", "--timeout=120s")


def test_it_dies_with_its_parent() -> None:
    script = (
        "import time; from hack.cluster.apiserver import ApiServer; s = ApiServer().start();"
        "print(*[c.process.pid for c in s._children], s.folder, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    *pids, folder = parent.stdout.readline().split()
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while any(_lives(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    shutil.rmtree(folder)
    assert not any(_lives(pid) for pid in pids)


def _lives(pid: str) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
