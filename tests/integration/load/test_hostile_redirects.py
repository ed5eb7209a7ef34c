"""Redirects and errors that bring a body without end."""

from typing import Any

import pytest

from .conftest import FaultyStore, Pod, code_of
from .test_hostile_servers import MIB, without_end


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 404, 500])
def test_what_comes_with_a_redirect_or_an_error_is_not_read(
    store: FaultyStore, pod: Pod, status: int
) -> None:
    def leads_on(handler: Any) -> None:
        handler.send_response = lambda _: type(handler).send_response(handler, status)
        without_end(handler, Location=f"{store.url}/ranker.py")

    (store.folder / "ranker.py").write_bytes(code_of(1000))
    store.faults = [leads_on]
    pod.plan(f"{store.url}/first.py")
    if status < 400:
        pod.load()
        assert pod.served == code_of(1000)
    else:
        pod.refused()
    # What fits into the buffers of the connection.
    assert getattr(store, "sent", 0) < 16 * MIB
