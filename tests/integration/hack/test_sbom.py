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

    document = json.loads(text)
    packages = sbom.locked(sbom.LOCKS[NAME].read_text("utf-8"))
    assert {component["name"]: component["version"] for component in document["components"]} == {
        component["name"]: packages[sbom.canonical(component["name"])][0]
        for component in document["components"]
    }
    assert len(document["components"]) == len(packages)
    for component in document["components"]:
        digests = {digest["content"] for digest in component["externalReferences"][-1]["hashes"]}
        assert digests == set(packages[sbom.canonical(component["name"])][1])
    # Only metadata of few packages says no licence.
    named = [component for component in document["components"] if component.get("licenses")]
    assert len(named) > 0.9 * len(packages)
    assert str(tmp_path) not in text
    assert list(tmp_path.iterdir()) == [tmp_path / f"{NAME}.cdx.json"]
