"""Argo CD's way of running Lua: Lua 5.1 with few libraries, and what it makes of the answers.

The facts are those of Argo CD's `util/lua`: scripts get the base and the table library. `os` comes
by `require` alone and has two functions. Without a library for texts, a text has no methods.
"""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lupa.lua51
import yaml

from hack import argocd

Body = dict[str, Any]
NOW = datetime(2031, 5, 6, 12, 0, 7, tzinfo=UTC)
KINDS = (argocd.SOURCE, argocd.COPY)
HEALTHS = {"Healthy", "Progressing", "Suspended", "Degraded", "Missing", "Unknown"}
# Flags of a date that gopher-lua knows.
_FLAGS = frozenset("aAbBcdFHImMpPSxXyYzZw")
_SANDBOX = """
debug.setmetatable("", nil)
local date = ...
local safe = {date = date, time = os.time}
for _, name in ipairs({"string", "math", "io", "os", "debug", "coroutine", "python"}) do
  _G[name] = nil
end
function require(name)
  if name ~= "os" then error("module " .. name .. " not found", 0) end
  return safe
end
"""


def text_of(kind: str, path: str) -> str:
    """Return a file of a kind's folder."""
    return (folder_of(kind) / path).read_text("utf-8")


def folder_of(kind: str) -> Path:
    return argocd.ROOT / argocd.FOLDER / kind


def read(kind: str, path: str) -> Any:
    return yaml.safe_load(text_of(kind, path))


def health(body: Mapping[str, Any]) -> tuple[str, str]:
    """Return status and message; an error of the script is raised: Argo CD would show Unknown."""
    answer = _run(text_of(body["kind"], "health.lua"), body)
    assert set(answer) == {"status", "message"}
    assert answer["status"] in HEALTHS
    return answer["status"], answer["message"]


def discovered(body: Mapping[str, Any]) -> dict[str, Body]:
    """Return the actions that Argo CD shows, by name."""
    answer: dict[str, Body] = _run(text_of(body["kind"], "actions/discovery.lua"), body)
    return answer


def offered(body: Mapping[str, Any]) -> set[str]:
    """Return the actions that a person can press."""
    return {name for name, action in discovered(body).items() if not action["disabled"]}


def act(name: str, body: Body) -> Body:
    """Return the object after the patch that Argo CD sends for an action's answer."""
    answer = _run(text_of(body["kind"], f"actions/{name}/action.lua"), body)
    return _patched(body, _cleaned(answer, body))


def _date(form: Any = "%c") -> str:
    form = str(form)
    assert form.startswith("!"), "the time is not in UTC"
    flags = {form[index + 1] for index, letter in enumerate(form) if letter == "%"}
    assert flags <= _FLAGS, f"Argo CD's os.date does not know {sorted(flags - _FLAGS)}"
    return NOW.strftime(form[1:])


def _run(script: str, body: Mapping[str, Any]) -> Any:
    lua = lupa.lua51.LuaRuntime(register_eval=False, register_builtins=False)
    lua.execute(_SANDBOX, _date)
    lua.globals().obj = _to_lua(lua, body)
    return _from_lua(lua.execute(script))


def _to_lua(lua: Any, value: Any) -> Any:
    if isinstance(value, Mapping):
        return lua.table_from({key: _to_lua(lua, item) for key, item in value.items()})
    if isinstance(value, list):
        return lua.table_from([_to_lua(lua, item) for item in value])
    return value


def _from_lua(value: Any) -> Any:
    """Read a table as Argo CD's JSON does: one without keys is a list."""
    if lupa.lua51.lua_type(value) != "table":
        return int(value) if isinstance(value, float) and value.is_integer() else value
    items = dict(value.items())
    if all(isinstance(key, int) for key in items):
        return [_from_lua(items[key]) for key in sorted(items)]
    return {key: _from_lua(item) for key, item in items.items()}


def _cleaned(answer: Any, before: Any) -> Any:
    """Put maps back that were empty before, or became empty: Argo CD cannot tell the two apart."""
    if answer == [] and isinstance(before, Mapping):
        return copy.deepcopy(before)
    if isinstance(answer, Mapping) and isinstance(before, Mapping):
        return {key: _cleaned(item, before.get(key)) for key, item in answer.items()}
    if isinstance(answer, list) and isinstance(before, list):
        pairs = zip(answer, before, strict=True)
        return [_cleaned(item, old) for item, old in pairs]
    return answer


def _patched(before: Body, after: Body) -> Body:
    """Apply the merge patch between the two; absent keys are removed."""
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed <= {"metadata"}, "an action changes annotations only"
    return after
