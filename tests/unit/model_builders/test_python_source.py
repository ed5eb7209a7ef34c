"""The parser of untrusted Python source, when several models are checked at once."""

import ast
import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from model_builders.python_source import parse_source

SOURCE = b"".join(b"def f%d(x):\n    return [[[(x + %d) * 2]]]\n" % (n, n) for n in range(60))


@pytest.fixture
def switching() -> Iterator[None]:
    """Let threads alternate in the middle of a conversion, as callbacks of the collector do."""

    def alternate(phase: str, info: dict[str, int]) -> None:
        time.sleep(0)

    before = gc.get_threshold()
    gc.callbacks.append(alternate)
    gc.set_threshold(50)
    yield
    gc.set_threshold(*before)
    gc.callbacks.remove(alternate)


def test_several_threads_may_parse_at_once(switching: None) -> None:
    with ThreadPoolExecutor(4) as threads:
        modules = list(threads.map(parse_source, [SOURCE] * 200))

    assert all(isinstance(module, ast.Module) for module in modules)
