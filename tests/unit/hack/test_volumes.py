"""Volumes of the local cluster's StorageClass: which claims get one, and which are removed."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from hack.cluster.volumes import CLASS, Provisioner, is_released, is_waiting, volume_for


def claim(**spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "quick", "name": "models", "uid": "abc"},
        "spec": {
            "storageClassName": CLASS,
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "1Gi"}},
            **spec,
        },
    }


@pytest.mark.parametrize(
    ("spec", "waits"),
    [
        ({}, True),
        ({"volumeName": "pvc-abc"}, False),
        ({"storageClassName": ""}, False),
        ({"storageClassName": "other"}, False),
    ],
)
def test_only_claims_of_our_class_without_a_volume_get_one(
    spec: dict[str, Any], waits: bool
) -> None:
    assert is_waiting(claim(**spec)) is waits


def test_only_our_own_volumes_are_removed_once_their_claim_is_gone() -> None:
    made = volume_for(claim(), Path("/x"))

    assert is_released({**made, "status": {"phase": "Released"}})
    assert not is_released({**made, "status": {"phase": "Bound"}})
    foreign = {"metadata": {"name": "pv"}, "status": {"phase": "Released"}}
    assert not is_released(foreign)


class Scripted(Provisioner):
    """A provisioner that keeps what it would send."""

    __slots__ = ("claims", "sent", "volumes")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        if method == "GET":
            return {"items": self.volumes if path.endswith("volumes") else self.claims}
        self.sent.append((method, path, body))
        return {}


def test_a_look_makes_a_folder_that_any_user_may_write_and_removes_it_later(
    tmp_path: Path,
) -> None:
    scripted = Scripted("https://127.0.0.1:1", ssl.create_default_context(), tmp_path)
    sent: list[Any] = []
    object.__setattr__(scripted, "sent", sent)
    object.__setattr__(scripted, "claims", [claim()])
    object.__setattr__(scripted, "volumes", [])
    scripted.look()
    folder = tmp_path / "pvc-abc"

    assert folder.stat().st_mode & 0o777 == 0o777
    assert [(method, path) for method, path, _ in sent] == [("POST", "/api/v1/persistentvolumes")]
    made = sent[0][2]
    assert made["spec"]["hostPath"]["path"] == str(folder)

    object.__setattr__(scripted, "claims", [])
    object.__setattr__(scripted, "volumes", [{**made, "status": {"phase": "Released"}}])
    scripted.look()

    assert not folder.exists()
    assert sent[1][:2] == ("DELETE", "/api/v1/persistentvolumes/pvc-abc")
