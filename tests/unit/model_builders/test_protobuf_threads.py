"""Triton's `ModelConfig` in several threads, as the loader reads several models at once."""

import subprocess
import sys

PROGRAM = """
import sys, threading
sys.setswitchinterval(1e-6)
start, types = threading.Barrier(8), []

def read():
    start.wait()
    from model_builders.protobuf import written_config
    types.append(type(written_config()))

threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(types), len(set(types)))
"""


def test_all_threads_have_one_type() -> None:
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
        assert done.stdout.split() == [b"8", b"1"]
