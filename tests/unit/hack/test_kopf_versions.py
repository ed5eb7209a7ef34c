"""The range of Kopf's versions in pyproject.toml, whose ends tests run on."""

import tomllib

from hack.kopf_versions import LOWEST, NEWEST, pinned
from hack.product import ROOT


def test_the_range_begins_and_ends_with_a_version_that_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (bounds,) = (name for name in project["dependencies"] if name.startswith("kopf"))
    major, minor, _ = pinned(NEWEST).split(".")

    assert bounds == f"kopf>={pinned(LOWEST)},<{major}.{int(minor) + 1}"
