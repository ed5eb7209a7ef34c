"""Fixtures of the whole suite: golden files, and a real API server for those who ask for it."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.cluster.apiserver import ApiServer
from tests import selection
from tests.examples import load_profile
from tests.golden import Golden
from tests.run_state import KEY, RunState
from tests.scheduling import Scheduling
from tests.selection import Selection
from tests.timing import Timing

# Of pytest itself: runs pytest within a test, for the tests of our own plugins.
pytest_plugins = ["pytester"]
CRDS = Path(__file__).parents[1] / "crds"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write what is rendered as what is expected"
    )
    selection.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the suite's own plugins."""
    load_profile()
    config.stash[KEY] = RunState(config)
    for plugin in (Selection(config), Scheduling(), Timing(), config.stash[KEY]):
        config.pluginmanager.register(plugin)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares with a file beside the test, or writes it."""
    return Golden(request.path.parent, bool(request.config.getoption("--update-golden")))


@pytest.fixture(scope="session")
def run_state(pytestconfig: pytest.Config) -> RunState:
    """What all workers of the run share."""
    return pytestconfig.stash[KEY]


@pytest.fixture(scope="session")
def api_server() -> Iterator[ApiServer]:
    """A real API server for the session."""
    with ApiServer() as server:
        yield server


def install_crds(server: ApiServer) -> None:
    """As a person does it; returns when the API server serves our kinds."""
    server.kubectl("apply", "--server-side", "-k", str(CRDS))
    server.kubectl.wait_for_crds()


@pytest.fixture(scope="session")
def server_with_crds(api_server: ApiServer) -> ApiServer:
    """The same one, knowing our kinds."""
    install_crds(api_server)
    return api_server


@pytest.fixture
def namespace(api_server: ApiServer) -> str:
    """A new namespace; nothing deletes it: the server ends with the session."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    api_server.kubectl("create", "namespace", name)
    return name
