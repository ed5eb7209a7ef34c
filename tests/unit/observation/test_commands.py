"""Annotations of our group, by which people command: a unit keeps them, and nothing else does."""

from typing import Any

from inference_operator.observation.projection import LONGEST_COMMAND, MOST_COMMANDS, project
from tests.fakes import bodies
from tests.fakes.bodies import KEY, imodel, stored
from tests.unit.reconcile.heard import Heard

PROMOTE = "inference.aipx.io/promote"


def annotated(body: dict[str, Any], annotations: object) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], "annotations": annotations}}


def kept(annotations: object) -> object:
    body = annotated(stored(imodel()), annotations)
    return project("InferenceModel", body)["metadata"].get("annotations")


def test_only_annotations_of_our_group_are_kept() -> None:
    assert kept({PROMOTE: "b20cf49ed2/2", "kubectl.kubernetes.io/last": "{}"}) == {
        PROMOTE: "b20cf49ed2/2"
    }
    assert kept({"inference.aipx.io.example/promote": "x"}) is None
    assert kept(None) is None


def test_their_number_and_length_are_bounded() -> None:
    many = {f"inference.aipx.io/{number:03}": "x" for number in range(MOST_COMMANDS + 5)}
    assert kept(many) == dict(list(many.items())[:MOST_COMMANDS])
    assert kept({PROMOTE: "x" * LONGEST_COMMAND}) is None


def test_children_keep_none() -> None:
    body = annotated(stored(bodies.pod("aaa")), {PROMOTE: "x"})
    assert "annotations" not in project("Pod", body)["metadata"]


def test_a_new_command_wakes_its_unit_and_other_annotations_do_not() -> None:
    heard = Heard()
    heard.on_custom_resource("ADDED", stored(imodel()))
    heard.on_custom_resource(
        "MODIFIED", annotated(stored(imodel(), resourceVersion="2"), {"note": "x"})
    )
    assert heard.urgent == [KEY]
    heard.on_custom_resource(
        "MODIFIED", annotated(stored(imodel(), resourceVersion="3"), {PROMOTE: "x"})
    )
    assert heard.urgent == [KEY, KEY]
