"""Time limits of tests that train real models."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
# A training takes a minute of one core, which other workers may want too.
TIMEOUT_SECONDS = 1200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(FOLDER) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))
