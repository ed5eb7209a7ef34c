"""The documentation is held to the code: reasons, settings, links, targets, manifests, output."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from inference_operator.api.conditions import ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.api.validate import parse
from inference_operator.cli.main import main
from inference_operator.settings import PREFIX, Settings
from model_builders.checks import check

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "hack").rglob("README.md")]
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CLUSTER = (["wait"], ["history"], ["call"], ["push"])
COMMAND = re.compile(r"^\$ (inference-operator .*)$")


def page_id(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path, language: str) -> Iterator[str]:
    """Yield the fenced blocks of a language."""
    for info, text in FENCE.findall(path.read_text("utf-8")):
        if info == language:
            yield text


def prose(path: Path) -> str:
    return FENCE.sub("", path.read_text("utf-8"))


def anchors(path: Path) -> set[str]:
    """Anchors of a page's headings, as forges make them."""
    titles = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower() for title in titles)
    return {re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-") for title in plain}


@pytest.mark.parametrize("word", [*Reason, *ConditionType])
def test_every_reason_and_condition_is_explained(word: str) -> None:
    text = (ROOT / "docs" / "conditions.md").read_text("utf-8")
    assert f"`{word}`" in text, f"say in docs/conditions.md what {word} means and what to do"


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        page = (path.parent / name).resolve() if name else path
        assert page.exists(), f"{target} does not exist"
        assert page.is_relative_to(ROOT), f"{target} leaves the repository"
        assert not anchor or anchor in anchors(page), f"{target}: no such heading"


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_make_targets_exist(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    code = "\n".join([*blocks(path, "sh"), *blocks(path, "console")])
    code += "\n".join(re.findall(r"`([^`]+)`", prose(path)))
    named = set(re.findall(r"(?:^|[\s;])make ([a-z][a-z0-9-]*)", code, re.MULTILINE))
    named |= set(re.findall(r"^make ([a-z][a-z0-9-]*)", code, re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_the_operator_accepts_the_manifests(path: Path) -> None:
    for block in blocks(path, "yaml"):
        for body in yaml.safe_load_all(block):
            if isinstance(body, dict) and body.get("kind") == "InferenceModel":
                spec = parse(body).spec
                # What a registry completes can be checked only when it did.
                assert spec.model.format is None or check(spec) == []


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_commands_print_what_is_quoted(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    for block in blocks(path, "console"):
        for command, quoted in _commands(block):
            main(shlex.split(command)[1:])
            captured = capsys.readouterr()
            pattern = r"[^\n]*(\n[^\n]*)*\n".join(map(re.escape, quoted.split("...\n")))
            printed = captured.err + captured.out
            assert re.fullmatch(pattern, printed), f"`{command}` prints now:\n{printed}"


def _commands(block: str) -> Iterator[tuple[str, str]]:
    """Our own commands of a console block that need no cluster, each with its output."""
    command, quoted = "", ""
    for line in [*block.splitlines(), "$ end"]:
        if not line.startswith("$ "):
            quoted += f"{line}\n"
            continue
        needs_cluster = "--live" in command or command.split()[1:2] in _CLUSTER
        if command and not needs_cluster and ">" not in command:
            yield command, quoted
        match = COMMAND.match(line)
        command, quoted = (match.group(1) if match else ""), ""


def test_the_readme_lists_every_setting_with_its_default() -> None:
    rows = re.findall(rf"^\| `{PREFIX}(\w+)` \| ([^|]+) \|", prose(README), re.MULTILINE)
    listed = {name: default.strip().strip("`") for name, default in rows}
    settings = Settings.model_fields.items()
    expected = {name.upper(): str(field.default) or "(empty)" for name, field in settings}
    assert listed == expected, "correct the table of settings in README.md, 'Install'"


def test_samples_are_explained() -> None:
    text = "".join(path.read_text("utf-8") for path in PAGES)
    for sample in (ROOT / "manifests" / "samples").glob("*.yaml"):
        assert f"manifests/samples/{sample.name}" in text
