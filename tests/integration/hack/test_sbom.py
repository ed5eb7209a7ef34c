"""The bill of materials of the operator's image, made by the tool itself."""

import json
from pathlib import Path

import pytest

from hack import sbom

NAME = "inference-operator"


@pytest.mark.long
def test_the_document_of_the_operators_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sbom, "OUTPUT", tmp_path)

    text = sbom.write(NAME).read_text("utf-8")

    found = json.loads(text)
    wanted = sbom.locked(sbom.LOCKS[NAME].read_text("utf-8"))
    assert {component["name"]: component["version"] for component in found["components"]} == {
        component["name"]: wanted[sbom.canonical(component["name"])][0]
        for component in found["components"]
    }
    assert len(found["components"]) == len(wanted)
    for component in found["components"]:
        digests = {one["content"] for one in component["externalReferences"][-1]["hashes"]}
        assert digests == set(wanted[sbom.canonical(component["name"])][1])
    # Only metadata of few packages says no licence.
    named = [component for component in found["components"] if component.get("licenses")]
    assert len(named) > 0.9 * len(wanted)
    assert str(tmp_path) not in text
    assert list(tmp_path.iterdir()) == [tmp_path / f"{NAME}.cdx.json"]
