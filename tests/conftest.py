"""Fixtures of the whole suite: golden files, and a real API server for tests that ask for it."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.cluster.apiserver import ApiServer
from tests import selection
from tests.examples import load_profile
from tests.golden import Golden
from tests.run_state import RUN_STATE, RunState
from tests.scheduling import Scheduling
from tests.selection import Selection
from tests.timing import Timing

# pytest's own plugin that runs pytest within a test; the tests of our plugins use it.
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
    config.stash[RUN_STATE] = RunState(config)
    for plugin in (Selection(config), Scheduling(), Timing(), config.stash[RUN_STATE]):
        config.pluginmanager.register(plugin)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Return a comparison with a file beside the test; `--update-golden` writes the file."""
    return Golden(request.path.parent, bool(request.config.getoption("--update-golden")))


@pytest.fixture(scope="session")
def run_state(pytestconfig: pytest.Config) -> RunState:
    """Return the state that all workers of the run share."""
    return pytestconfig.stash[RUN_STATE]


@pytest.fixture(scope="session")
def api_server() -> Iterator[ApiServer]:
    """Run a real API server for the session."""
    with ApiServer() as server:
        yield server


def install_crds(server: ApiServer) -> None:
    """Apply our CRDs as a person does, and wait until the API server serves our kinds."""
    server.kubectl("apply", "--server-side", "-k", str(CRDS))
    server.kubectl.wait_for_crds()


@pytest.fixture(scope="session")
def server_with_crds(api_server: ApiServer) -> ApiServer:
    """Return the session's API server with our CRDs installed."""
    install_crds(api_server)
    return api_server


@pytest.fixture
def namespace(api_server: ApiServer) -> str:
    """Return a new namespace. Nothing deletes it, since the server ends with the session."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    api_server.kubectl("create", "namespace", name)
    return name
