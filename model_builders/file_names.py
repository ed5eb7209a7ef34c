"""Rules for the names and paths of files in a config: their form, and their folder.

Only the standard library: the init container imports this before it knows what it has to load.
"""

import re

MAX_NAME = 255
"""Bytes of the longest file name that Linux takes."""
MAX_PATH = 1024
MODELS = "/models"
"""The folder that Triton serves from, in every pod."""
MODEL_FOLDER = "$$TRITON_MODEL_DIRECTORY/"
"""How Triton's Python backend writes the folder of the model that it loads."""

# No leading dot: `load` keeps its own records and staging folders under such names.
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_OF_IMAGE = re.compile(r"(/[A-Za-z0-9._+@=~-]+)+/?")
# Folders in which the kernel shows the pod; /proc/self/root leads to every other folder.
_NOT_OF_IMAGE = frozenset({MODELS.removeprefix("/"), "proc", "sys", "dev"})
# Beside the version's folder `load` writes this one.
_WRITTEN_BY_LOAD = frozenset({"config.pbtxt"})

PLAIN_NAME = (
    f"one file name of at most {MAX_NAME} letters, digits, '.', '_' and '-', which starts with a"
    " letter, digit or '_'"
)


def is_plain_name(text: str) -> bool:
    """Return whether `text` is one file name, which leads into no other folder.

    `model.onnx` is one; `../model.onnx`, `1/model.onnx`, `.loaded.json` and `config.pbtxt` are not.
    """
    return (
        len(text) <= MAX_NAME
        and _PLAIN.fullmatch(text) is not None
        and text.lower() not in _WRITTEN_BY_LOAD
    )


def is_of_artifact(text: str, version: int | None) -> bool:
    """Return whether `text` is a path below the model's folder and in that of its version.

    `1/labels.txt` is one for version 1. `version` is None where a model has no artifact.
    """
    folder, _, inside = text.partition("/")
    return (
        version is not None
        and folder == str(version)
        and len(text) <= MAX_PATH
        and all(map(is_plain_name, inside.split("/")))
    )


def is_of_image(text: str) -> bool:
    """Return whether `text` is an absolute path of the image or of /tmp, and not of a model."""
    parts = text.split("/")[1:]
    return (
        len(text) <= MAX_PATH
        and _OF_IMAGE.fullmatch(text) is not None
        and parts[0] not in _NOT_OF_IMAGE
        and not {".", ".."} & {*parts}
    )


def is_own(text: str, version: int | None, name: str | None) -> bool:
    """Return whether `text` is an absolute path of this model's artifact.

    `/models/lstm/1/plugins.so` is one for version 1 of `lstm`. `name` is None where it is not
    known yet; every model's name is then taken for it.
    """
    model, _, inside = text.removeprefix(f"{MODELS}/").partition("/")
    return (
        text.startswith(f"{MODELS}/")
        and (model == name if name else is_plain_name(model))
        and is_of_artifact(inside, version)
    )


def is_path_like(text: str) -> bool:
    """Return whether a free text could lead to a folder, so that it must be one that is allowed."""
    return text in (".", "..") or not text.isprintable() or "/" in text or "\\" in text
