"""Files that hold something else than manifests: a sentence and status 2, never a traceback."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inference_operator.cli.documents import LIMITS, Document, InputError, documents
from inference_operator.cli.main import main
from inference_operator.cli.manifests import _inner_first
from inference_operator.domain.kubectl_yaml import write_manifests
from inference_operator.domain.names import UnitKey
from inference_operator.observation.store import Store
from tests.bombs import laughs, merges, nested_aliases
from tests.fakes.bodies import NAMESPACE, PIPELINE, epipe, imodel, step, stored
from tests.unit.passes.pipeline_harness import PipelineHarness

Body = dict[str, Any]

UNUSABLE = {
    "a kind that is a list": ("kind: [a]", "kind: found ['a'], expected a string"),
    "a kind that is a map": ("kind: {}", "kind: found {}, expected a string"),
    "a List of a number": (
        "kind: List\nitems: 5",
        "items: found 5, expected a list of manifests",
    ),
    "a key that is a number": (
        "kind: InferenceModel\nspec: {model: [{5: x}]}",
        "found the key 5, expected a string: put it in quotes",
    ),
    "a tag": ("kind: Z\nspec: !!set {a}", "line 2: found the tag !!set, expected a value without"),
    "a circle": (
        "&a {kind: InferenceModel, spec: *a}",
        "line 1: found the alias *a inside the value that it repeats, expected none there: write"
        " the value out",
    ),
    "too many levels": (
        "[" * 5000,
        "line 1: found more than 100 levels of nesting, expected at most 100",
    ),
    "aliases that stand for gigabytes": (
        laughs(9),
        "found aliases that repeat more than 1,048,576 keys, values and characters",
    ),
    "merge keys that stand for gigabytes": (
        merges(9),
        "found aliases that repeat more than 1,048,576 keys, values and characters",
    ),
    "aliases one inside the other": (
        nested_aliases(5000),
        "found more than 100 levels of nesting, expected at most 100",
    ),
}


@pytest.mark.parametrize(("text", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_is_refused_that_holds(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)

    with pytest.raises(InputError) as refused:
        documents([str(path)])
    assert str(refused.value).startswith(str(path))
    assert words in str(refused.value)


def read(folder: Path, text: str, name: str = "m.yaml") -> list[Document]:
    path = folder / name
    path.write_text(text)
    return documents([str(path)])


def test_a_manifest_is_found_again_by_its_file_and_line(tmp_path: Path) -> None:
    manifests = read(
        tmp_path, "# a comment\nkind: A\n---\n---\nkind: List\nitems: [{}, {kind: B}]\n"
    )

    assert [(manifest.place, manifest.body) for manifest in manifests] == [
        (f"{tmp_path}/m.yaml, line 2", {"kind": "A"}),
        (f"{tmp_path}/m.yaml, line 5, items[0]", {}),
        (f"{tmp_path}/m.yaml, line 5, items[1]", {"kind": "B"}),
    ]


def test_a_forgotten_line_between_manifests_is_said_and_not_read_as_one(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, "kind: A\nspec: {}\nkind: B\n")
    assert str(refused.value) == (
        f"{tmp_path}/m.yaml, line 3: found the key kind a second time, the first is on line 1;"
        " expected it once: remove one of the two, or put `---` between two manifests"
    )


def test_a_repeated_key_is_refused_however_deep_it_lies(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, "spec:\n  steps:\n    - {a: 1, b: 2, 'a': 3}\n")
    assert str(refused.value) == (
        f"{tmp_path}/m.yaml, line 3: found the key a a second time, the first is on line 3;"
        " expected it once: remove one of the two"
    )


def test_merged_maps_are_no_repeated_keys(tmp_path: Path) -> None:
    text = "a: &a {x: 1, z: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b, z: 3}\nd: {<<: *a, <<: *b}\n"

    (manifest,) = read(tmp_path, text)
    assert (manifest.body["b"], manifest.body["c"]) == ({"x": 2, "z": 1}, {"x": 2, "z": 3})


def test_parts_that_manifests_share_by_anchors_are_read(tmp_path: Path) -> None:
    text = f"a: &a {{x: {'y' * 1000}}}\nb: [{', '.join(['*a'] * 900)}]\n---\nc: &a 1\nd: *a\n"

    first, second = read(tmp_path, text)
    assert first.body["b"] == [{"x": "y" * 1000}] * 900
    assert second.body == {"c": 1, "d": 1}


@pytest.mark.parametrize("bomb", [laughs, merges])
@pytest.mark.parametrize("command", ["plan", "graph", "render"])
def test_a_bomb_of_aliases_ends_a_command_with_a_sentence(
    command: str, bomb: Callable[[int], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(bomb(9))

    assert main([command, "-f", str(path)]) == 2
    assert "found aliases that repeat more than 1,048,576" in capsys.readouterr().err


def test_of_a_file_that_is_too_long_only_the_beginning_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(LIMITS, size=1000)
    monkeypatch.setattr("inference_operator.cli.documents.LIMITS", limits)
    with pytest.raises(InputError, match=r"more than 1,000 characters, expected at most 1,000$"):
        read(tmp_path, "# a comment\n" * 100_000)


def test_standard_input_has_the_limits_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(laughs(9)))
    with pytest.raises(InputError, match=r"^standard input, line 6: found aliases that repeat"):
        documents(["-"])


def test_a_list_as_long_as_that_of_a_namespace_is_read(tmp_path: Path) -> None:
    items = [{"kind": "Pod", "spec": {"text": "x" * 10_000, "n": n}} for n in range(200)]
    manifests = read(tmp_path, write_manifests([{"kind": "List", "items": items}], width=1 << 20))
    assert [manifest.body["spec"]["n"] for manifest in manifests] == list(range(200))


def test_of_a_folder_it_reads_what_kubectl_reads(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "c.json", "d.txt", "e.yaml~"):
        (tmp_path / name).write_text(json.dumps({"kind": name}))
    (tmp_path / "inner.yaml").mkdir()
    (tmp_path / "inner.yaml" / "f.yaml").write_text("kind: f")

    manifests = documents([str(tmp_path)])
    assert [manifest.body["kind"] for manifest in manifests] == ["a.yml", "b.yaml", "c.json"]


def test_a_folder_without_manifests_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"found no file that ends in .json, .yaml, .yml, expected"
    ):
        documents([str(tmp_path)])


def test_a_file_that_is_not_there_is_no_bad_yaml(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.yaml: cannot be read: No such file or directory$"):
        documents([str(tmp_path / "none.yaml")])


def without(*path: str) -> Callable[[Body], None]:
    def edit(body: Body) -> None:
        for part in path[:-1]:
            body = body[part]
        del body[path[-1]]

    return edit


def with_(value: Any, *path: str) -> Callable[[Body], None]:
    def edit(body: Body) -> None:
        for part in path[:-1]:
            body = body[part]
        body[path[-1]] = value

    return edit


MANGLED: dict[str, tuple[str, Callable[[Body], None], str]] = {
    "a version that is no number": (
        "InferenceModel",
        with_("abc", "metadata", "resourceVersion"),
        "metadata.resourceVersion: found 'abc', expected what `kubectl get -o yaml` prints",
    ),
    "a record without uid": (
        "ControllerRevision",
        without("metadata", "uid"),
        "metadata.uid: found None, expected what `kubectl get -o yaml` prints",
    ),
    "a generation that is a word": (
        "EnsemblePipeline",
        with_("x", "metadata", "generation"),
        "metadata.generation: found 'x', expected what `kubectl get -o yaml` prints",
    ),
    "a Deployment without spec": (
        "Deployment",
        without("spec"),
        "spec: found None, expected what `kubectl get -o yaml` prints",
    ),
    "owners that are a number": (
        "Service",
        with_(5, "metadata", "ownerReferences"),
        "cannot be read (TypeError",
    ),
    "a size that is a word": ("Deployment", with_("x", "spec", "replicas"), "cannot be read ("),
}


async def live(folder: Path, kind: str, edit: Callable[[Body], None]) -> tuple[Path, Path]:
    """A file with what is wanted, and what an API server shows but for one edit."""
    desk = PipelineHarness()
    await desk.serving()
    items = [{"kind": kind, **body} for kind, body in desk.cluster.snapshot() if kind != "Event"]
    for item in items:
        if item["kind"] == kind:
            edit(item)
    file, there = folder / "wanted.yaml", folder / "live.yaml"
    file.write_text(write_manifests([epipe(), imodel()]))
    there.write_text(write_manifests([{"kind": "List", "items": items}]))
    return file, there


@pytest.mark.parametrize("command", ["plan", "graph"])
@pytest.mark.parametrize(("kind", "edit", "words"), MANGLED.values(), ids=MANGLED)
async def test_what_no_api_server_prints_is_refused(
    command: str,
    kind: str,
    edit: Callable[[Body], None],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, there = await live(tmp_path, kind, edit)
    status = main([command, "-f", str(file), "--live", str(there)])
    out, err = capsys.readouterr()

    assert (status, out) == (2, "")
    assert err.startswith("inference-operator: ")
    assert words in err


async def test_a_live_record_with_children_that_are_none_is_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, there = await live(tmp_path, "ControllerRevision", with_([5], "data", "children"))
    status = main(["plan", "-f", str(file), "--live", str(there)])

    assert status == 0
    assert "apply  ControllerRevision/fx-drift-" in capsys.readouterr().out


def refers(name: str, *others: str) -> Body:
    steps = [step(other, modelRef={"name": other, "kind": PIPELINE.kind}) for other in others]
    return stored(epipe(name, steps=steps))


def order(*bodies: Body) -> list[str]:
    store = Store()
    for body in bodies:
        store.put(PIPELINE.kind, body)
    names = [body["metadata"]["name"] for body in bodies]
    keys = [UnitKey(PIPELINE.kind, NAMESPACE, name) for name in names]
    return [key.name for key in _inner_first(keys, store)]


def test_a_long_chain_begins_with_its_innermost() -> None:
    chain = [refers(f"p{number}", f"p{number + 1}") for number in range(1500)]

    assert order(*chain) == [f"p{number}" for number in reversed(range(1500))]


def test_a_unit_comes_after_all_that_it_refers_to_and_once() -> None:
    many = [refers(f"p{n}", *(f"p{m}" for m in range(n + 1, 20))) for n in range(20)]

    assert order(*many) == [f"p{number}" for number in reversed(range(20))]


def test_a_circle_comes_as_it_is_met() -> None:
    assert order(refers("a", "b"), refers("b", "a")) == ["b", "a"]
