"""The document of a lock lists its packages, no others, with the digests of the lock."""

from typing import Any

import pytest

from hack import sbom
from hack.console import StepError

LOCK = f"""\
flask-cors==6.0.5 \\
    --hash=sha256:{"a" * 64} \\
    --hash=sha256:{"b" * 64}
    # via -r requirements.in
google-crc32c==1.9.0 ; python_version >= '3.11' \\
    --hash=sha256:{"c" * 64}
"""


def document(**versions: str) -> dict[str, Any]:
    names = ((name.replace("_", "."), version) for name, version in versions.items())
    return {
        "metadata": {},
        "components": [
            {
                "name": name,
                "version": version,
                "externalReferences": [{"type": "website", "url": "https://a.example"}],
            }
            for name, version in names
        ],
    }


def test_a_lock_is_read_with_all_its_digests() -> None:
    assert sbom.locked(LOCK) == {
        "flask-cors": ("6.0.5", ("a" * 64, "b" * 64)),
        "google-crc32c": ("1.9.0", ("c" * 64,)),
    }


def test_names_are_compared_as_indexes_do() -> None:
    made = sbom.with_hashes(document(Flask_Cors="6.0.5", google_crc32c="1.9.0"), LOCK)

    website, distribution = made["components"][0]["externalReferences"]
    assert website["type"] == "website"
    assert distribution["url"] == "pkg:pypi/flask-cors@6.0.5"
    assert [found["content"] for found in distribution["hashes"]] == ["a" * 64, "b" * 64]


@pytest.mark.parametrize(
    "there",
    [
        {"flask_cors": "6.0.5"},
        {"flask_cors": "6.0.5", "google_crc32c": "1.9.1"},
        {"flask_cors": "6.0.5", "google_crc32c": "1.9.0", "pip": "26.3"},
    ],
    ids=["one is missing", "another version", "one too many"],
)
def test_a_document_of_other_packages_is_an_error(there: dict[str, str]) -> None:
    with pytest.raises(StepError, match="expected the packages of the lock"):
        sbom.with_hashes(document(**there), LOCK)


@pytest.mark.parametrize("name", sbom.LOCKS)
def test_each_package_of_a_lock_has_a_digest(name: str) -> None:
    found = sbom.locked(sbom.LOCKS[name].read_text("utf-8"))
    lines = sbom.LOCKS[name].read_text("utf-8").splitlines()
    assert len(found) == sum(line[:1].isalnum() for line in lines)
    assert all(digests for _, digests in found.values())


def test_the_tools_are_locked_too() -> None:
    tools = sbom.locked(sbom.TOOLS.read_text("utf-8"))
    assert {"cyclonedx-bom", "pip-audit"} <= tools.keys()
    assert all(digests for _, digests in tools.values())


def test_a_tool_that_fails_is_a_step_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbom, "uv", lambda: "false")
    with pytest.raises(StepError):
        sbom.audit()
