"""The stack of `make stack-up` on ports that nobody uses, for the tests of this folder."""

from collections.abc import Iterator, Mapping

import pytest

from hack.stack.__main__ import lay_out
from hack.stack.background import Stack
from hack.stack.parts import Ports


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("stack"))
    lay_out(made)
    made.up(Ports.free())
    yield made
    made.down()


@pytest.fixture
def addresses(stack: Stack) -> Mapping[str, str]:
    running = stack.addresses()
    assert running is not None
    return running
