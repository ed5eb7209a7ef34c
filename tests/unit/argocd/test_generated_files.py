"""The files of Argo CD that are generated: complete, and with the texts of the source."""

import yaml

from hack import argocd
from hack.generate import GENERATED
from inference_operator.domain.commands import Verb
from tests.unit.argocd.argo_cd import KINDS, folder_of, text_of

# Two verbs have a second action.
ACTIONS = {*map(str, Verb), "promote-full", "resume"}


def test_there_is_an_action_for_every_command_of_people() -> None:
    for kind in KINDS:
        folders = {path.parent.name for path in folder_of(kind).glob("actions/*/action.lua")}
        assert folders == ACTIONS


def test_the_page_names_every_action() -> None:
    page = (argocd.ROOT / "docs" / "gitops.md").read_text("utf-8")
    assert {action for action in ACTIONS if f"\n| {action} |" in page} == ACTIONS


def test_nothing_else_is_among_the_generated_files() -> None:
    paths = {path for path in folder_of(argocd.COPY).rglob("*") if path.is_file()}
    names = {path.relative_to(argocd.ROOT).as_posix() for path in paths}
    assert names == {path for path in GENERATED if f"/{argocd.COPY}/" in path}
    assert len(names) == sum(path.is_file() for path in folder_of(argocd.SOURCE).rglob("*"))


def test_both_kinds_have_the_same_scripts() -> None:
    for path in folder_of(argocd.SOURCE).rglob("*.lua"):
        relative = path.relative_to(folder_of(argocd.SOURCE)).as_posix()
        header, _, text = text_of(argocd.COPY, relative).partition("\n")
        assert header.startswith("-- Generated from ")
        assert text == text_of(argocd.SOURCE, relative)


def test_the_config_map_has_every_script_and_nothing_of_other_settings() -> None:
    body = yaml.safe_load((argocd.ROOT / argocd.CONFIG_MAP).read_text("utf-8"))
    assert (body["kind"], body["metadata"]["name"]) == ("ConfigMap", "argocd-cm")
    prefix, group = "resource.customizations", "inference.aipx.io"
    keys = {f"{prefix}.{part}.{group}_{kind}" for part in ("health", "actions") for kind in KINDS}
    assert set(body["data"]) == keys
    for kind in KINDS:
        assert body["data"][f"{prefix}.health.{group}_{kind}"] == text_of(
            "InferenceModel", "health.lua"
        )
        actions = yaml.safe_load(body["data"][f"{prefix}.actions.{group}_{kind}"])
        assert actions["discovery.lua"] == text_of("InferenceModel", "actions/discovery.lua")
        texts = {each["name"]: each["action.lua"] for each in actions["definitions"]}
        assert texts == {
            name: text_of("InferenceModel", f"actions/{name}/action.lua") for name in ACTIONS
        }
