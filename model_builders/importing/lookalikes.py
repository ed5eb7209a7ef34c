"""Likely mistakes in the layout of a model's folder: files and folders that Triton passes over."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePath

CONFIG = "config.pbtxt"
_LISTED = 5
# `config.pbtxt.txt` of an editor, `config.pbtext`, `Config.pbtxt`, `config.prototxt`.
_CONFIG_LIKE = re.compile(
    r"config\.(pbtxt?|pbtext|pb\.txt|prototxt|pbtxt\.(txt|bak|orig|example|template))|conf(ig)?\.txt",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[^0-9]*?0*([1-9][0-9]{0,8})(\.0)?", re.ASCII)
_ARTIFACTS = (".onnx", ".pt", ".pth", ".plan", ".engine", ".py")


def misnamed_config(folder: Path) -> str | None:
    """Return a sentence about a file that looks like the absent config.pbtxt, if there is one."""
    names = sorted(child.name for child in folder.iterdir() if child.is_file())
    for name in names:
        if _CONFIG_LIKE.fullmatch(name):
            return (
                f"found no {CONFIG}, and {name} looks like the configuration: rename it to"
                f" {CONFIG}; Triton passes over it"
            )
    inside = sorted(folder.glob(f"[0-9]*/{CONFIG}"))
    if inside:
        return (
            f"found no {CONFIG}, and {inside[0].parent.name}/{CONFIG} looks like the configuration:"
            " move it beside the version folders; Triton passes over it"
        )
    custom = sorted(folder.glob("configs/*.pbtxt"))
    if custom:
        return (
            f"found no {CONFIG}, and configs/{custom[0].name} looks like the configuration: copy it"
            f" to {CONFIG}; Triton reads it only with --model-config-name"
        )
    return None


def no_version(folder: Path) -> str:
    """Return the sentence about a model without a version folder, with the likely mistake."""
    if models := sorted(folder.glob(f"*/{CONFIG}")):
        return (
            f"found {models[0].parent.name}/{CONFIG} and no version folder, expected a model; it"
            f" looks like a repository: import the folder {folder.name}"
        )
    for name in _folders(folder):
        if match := _NUMBER.fullmatch(name):
            why = (
                "Triton passes over leading zeros"
                if name.isdigit()
                else "Triton takes numbers only"
            )
            return (
                f"found {name}, expected a version folder such as 1: {why}; rename it to {match[1]}"
            )
        if name.strip("0") == "" or _files_like(folder / name, _ARTIFACTS):
            return f"found the folder {name}, expected a version folder such as 1; rename it to 1"
    artifacts = _files_like(folder, _ARTIFACTS)
    if artifacts:
        return (
            f"found {artifacts[0]} beside {CONFIG}, expected it in a version folder such as 1; move"
            f" it to 1/{artifacts[0]}"
        )
    return "found no version folder, expected one such as 1; add the artifact"


def passed_over(folder: Path) -> Iterator[str]:
    """Yield the folders with numbers that Triton does not count as versions: 01, 0."""
    yield from (name for name in _folders(folder) if name.isdigit() and name.startswith("0"))


def no_main_file(files: set[str], version: int, main: str) -> str:
    """Return the sentence about a version without its main file, with the likely mistake."""
    shown = sorted(files)[:_LISTED]
    there = ", ".join(shown) + (" and others" if len(files) > _LISTED else "") or "nothing"
    suffix = PurePath(main).suffix
    alike = [name for name in sorted(files) if PurePath(name).suffix == suffix]
    remedy = "add it"
    if len(alike) == 1:
        remedy = f'rename {alike[0]}, or write default_model_filename: "{alike[0]}"'
    return f"found {there} in version {version}, expected {main}; {remedy}"


def _folders(folder: Path) -> list[str]:
    children = (child for child in folder.iterdir() if child.is_dir())
    return sorted(child.name for child in children if not child.name.startswith("."))


def _files_like(folder: Path, endings: tuple[str, ...]) -> list[str]:
    return sorted(c.name for c in folder.iterdir() if c.is_file() and c.name.endswith(endings))
