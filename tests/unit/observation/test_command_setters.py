"""Who set a command: read from managed fields, which anybody may fill with anything."""

import copy
from typing import Any

import pytest

from inference_operator.domain.commands import Commands, Setter, Verb
from inference_operator.observation.command_setters import (
    LONGEST_MANAGER,
    MOST_MANAGERS,
    read_setters,
    setters_of,
)
from inference_operator.observation.projection import project
from inference_operator.observation.store import Store
from tests.fakes.bodies import KEY, imodel, stored
from tests.unit.reconcile.heard import Heard

PROMOTE = Verb.PROMOTE.annotation
VALUE = "b20cf49ed2/2"
NOON = "2031-05-06T12:00:00Z"


def entry(manager: object, *annotations: str, time: object = NOON) -> dict[str, Any]:
    """A manager's entry, which owns these annotations and a field of the spec."""
    owned: dict[str, Any] = {f"f:{key}": {} for key in annotations}
    fields = {"f:metadata": {"f:annotations": {".": {}, **owned}}, "f:spec": {"f:replicas": {}}}
    return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": fields}


def unit(*entries: object, annotations: object = None, version: str = "1") -> dict[str, Any]:
    body = stored(imodel(), resourceVersion=version)
    meta = {"annotations": annotations or {PROMOTE: VALUE}, "managedFields": list(entries)}
    return {**body, "metadata": {**body["metadata"], **meta}}


def setter(*entries: object) -> Setter | None:
    """Who set the command to promote, as a pass reads it."""
    kept = project(KEY.kind, unit(*entries))["metadata"]
    return Commands.read(kept["annotations"], read_setters(kept)).setters.get(Verb.PROMOTE)


def test_it_is_the_manager_that_owns_the_annotation() -> None:
    other = entry("helm", "inference.aipx.io/pause")
    assert setter(other, entry("kubectl-annotate", PROMOTE)) == Setter("kubectl-annotate", NOON)
    assert setter(other) is None


def test_of_several_it_is_the_one_that_wrote_last() -> None:
    early = entry("kubectl-edit", PROMOTE, time="2031-05-06T11:00:00Z")
    late = entry("argocd-controller", PROMOTE)
    for entries in ((early, late), (late, early)):
        assert setter(*entries) == Setter("argocd-controller", NOON)


def test_managers_that_the_api_server_no_longer_tells_apart_are_nobody() -> None:
    assert setter(entry("ancient-changes", PROMOTE)) is None


@pytest.mark.parametrize(
    "manager",
    ['x", and nobody objects', "a b", "a\nb", "\x1b[31mred", "", "ä", 3, None, "x" * 129, ["x"]],
)
def test_a_name_that_could_be_more_than_a_name_is_not_said(manager: object) -> None:
    assert setter(entry(manager, PROMOTE)) is None


@pytest.mark.parametrize("time", [None, 7, "soon", NOON + "!", NOON + "\n"])
def test_a_time_that_is_none_is_left_out(time: object) -> None:
    assert setter(entry("kubectl-edit", PROMOTE, time=time)) == Setter("kubectl-edit", "")


@pytest.mark.parametrize(
    "fields",
    [None, [], "x", {"fieldsV1": None}, {"fieldsV1": {"f:metadata": []}}, {"fieldsV1": []}],
)
def test_malformed_entries_leave_the_unit_readable(fields: object) -> None:
    store = Store()
    store.put(KEY.kind, unit(fields))
    assert not store.is_unreadable(KEY)
    assert setter(fields, entry("kubectl-edit", PROMOTE)) == Setter("kubectl-edit", NOON)


def test_the_entries_are_bounded_and_their_depth_does_not_matter() -> None:
    deep: Any = {}
    for _ in range(10_000):
        deep = {"f:x": deep}
    hostile = {**entry("kubectl-edit", PROMOTE)}
    hostile["fieldsV1"] = {**hostile["fieldsV1"], "f:status": deep}
    others = [entry("helm", "note") for _ in range(MOST_MANAGERS)]
    by = setters_of({"managedFields": [*others, entry("kubectl-edit", PROMOTE)]}, {PROMOTE})
    assert by == {}
    by = setters_of({"managedFields": [hostile, *others]}, {PROMOTE})
    assert by == {PROMOTE: {"manager": "kubectl-edit", "time": NOON}}


def test_the_longest_name_is_kept() -> None:
    longest = "x" * LONGEST_MANAGER
    assert setter(entry(longest, PROMOTE)) == Setter(longest, NOON)


def test_units_without_commands_keep_nothing_of_managed_fields() -> None:
    notes = {"note": "x", "inference.aipx.io/other": "x"}
    for annotations in (notes, {"note": "x"}):
        body = unit(entry("kubectl-edit", *notes), annotations=annotations)
        meta = project(KEY.kind, body)["metadata"]
        assert not {"managedFields", "commandSetters"} & meta.keys()


def test_writes_of_others_wake_nobody() -> None:
    """Each write changes the time of its own entry."""
    heard = Heard()
    ours = entry("inference-operator", time=NOON)
    theirs = entry("kubectl-edit", PROMOTE)
    heard.on_custom_resource("ADDED", unit(theirs, ours))
    later = copy.deepcopy(ours) | {"time": "2031-05-06T13:00:00Z"}
    heard.on_custom_resource("MODIFIED", unit(theirs, later, version="2"))
    assert heard.urgent == [KEY]
