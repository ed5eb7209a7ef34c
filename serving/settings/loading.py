"""Reading of settings at the start of a program: all problems at once, a sentence each."""

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError as SourceError

from serving.settings.root import PREFIX, Settings

CONFIG_PATH = "CONFIG_PATH"
_MOST_BYTES = 1 << 20
_LONGEST = 60


class SettingsError(Exception):
    """Settings that cannot be used; `problems` has one sentence for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the file that `CONFIG_PATH` names, and `SERVING_<SECTION>__<KEY>` over it.

    Raises:
        SettingsError: with a sentence for each problem.
    """
    variables = os.environ if environ is None else environ
    path = variables.get(CONFIG_PATH, "")
    content = _content(Path(path)) if path else {}
    if unknown := tuple(_unknown(variables)):
        raise SettingsError(unknown)
    try:
        return Settings(**content)
    except ValidationError as error:
        raise SettingsError(tuple(map(_sentence, error.errors()))) from error
    except SourceError as error:
        raise SettingsError((f"{PREFIX}...: {error}; correct the variable",)) from error


def _content(path: Path) -> dict[str, Any]:
    """Return the sections of a file."""
    where = f"{CONFIG_PATH} {path}"
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _problem(f"{where}: {error.strerror}; correct the path, or unset it") from error
    if len(text) > _MOST_BYTES:
        raise _problem(f"{where}: found more than {_MOST_BYTES:,} bytes; shorten it")
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        words = " ".join(str(error).split())[:200]
        raise _problem(f"{where}: found no YAML ({words}); correct it") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise _problem(f"{where}: found {_shown(content)}, expected sections by name; correct it")
    return content


def _unknown(variables: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each variable with our prefix that names no section."""
    sections = sorted(Settings.model_fields)
    for name in sorted(variables):
        if not name.startswith(PREFIX):
            continue
        section = name.removeprefix(PREFIX).partition("__")[0].lower()
        if section not in sections:
            yield f"{name}: found a variable of no section; {_nearest(section, sections)}"


def _nearest(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, 1)
    return f"did you mean {close[0]}?" if close else f"sections are {', '.join(names)}"


def _sentence(error: ErrorDetails) -> str:
    """Return an error of pydantic as field, value, requirement and remedy."""
    path = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{path}: found an unknown key; correct its name, or remove it"
    if not path:
        return f"{error['msg']}; correct it"
    return f"{path}: found {_shown(error['input'])}: {error['msg']}; correct it"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _problem(sentence: str) -> SettingsError:
    return SettingsError((sentence,))
