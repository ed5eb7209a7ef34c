"""Packages of the extras `client`, `serving` and `traces`, and of the group of their image."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_group_of_the_image_has_what_the_extras_install() -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras, group = content["project"]["optional-dependencies"], content["dependency-groups"]
    installed = [*extras["client"], *extras["serving"], *extras["traces"]]
    installed.remove("inference-operator[client]")

    assert sorted(group["serving"]) == sorted(installed)


def test_the_operator_s_image_has_none_of_them() -> None:
    locked = (ROOT / "requirements" / "operator.txt").read_text("utf-8")
    names = {line.partition("==")[0].partition("[")[0] for line in locked.splitlines()}

    assert names.isdisjoint(
        {"fastapi", "uvicorn", "redis", "ddsketch", "limits", "opentelemetry-sdk"}
    )
