"""The end of Triton's log, which the kubelet keeps: its failed loads, and its last error."""

import re
from dataclasses import dataclass

_LOAD_FAILURE = re.compile(
    r"failed to load '([^']{1,253})' version (\d{1,19}): (.{1,2048}?)\"?$", re.MULTILINE
)
# Triton's own lines: severity, date, time, process, file and line, `] "message"`.
_PREFIX = re.compile(r"^([IWEF])\d{4} [0-9:.]+ +\d+ [^\s\]]{1,200}\] ")
_ERROR = re.compile(r"error|fail|exception|abort|unable|cannot|refus", re.IGNORECASE)
_ARGUMENT = re.compile(
    r"unrecognized option|unrecognised option|invalid option|ambiguous|requires an argument"
    r"|doesn't allow an argument|option .{0,200} is not|Failed to parse",
    re.IGNORECASE,
)
# The list of options, which Triton prints after a mistake in its arguments.
_USAGE = re.compile(r"^(?:\t| {1,8})--[a-z][a-z0-9-]*(?:[ =<]|$)", re.MULTILINE)
# The end of every failed start, which names no cause.
_NO_CAUSE = "failed to load all models"


@dataclass(frozen=True, slots=True)
class FailedLoad:
    """A model that Triton could not load."""

    model: str
    version: str
    cause: str


def failed_load(log: str) -> FailedLoad | None:
    """Return the first failed load, if the log has one."""
    match = _LOAD_FAILURE.search(log)
    if match is None:
        return None
    model, version, cause = match.groups()
    return FailedLoad(model, version, _first_line(cause))


def refuses_arguments(log: str) -> bool:
    """Return whether Triton ended because of its arguments: it says so, or prints its options."""
    return bool(_ARGUMENT.search(log)) or len(_USAGE.findall(log)) > 1


def last_error(log: str) -> str:
    """Return what the log says about the end; empty if only warnings and usage are there.

    A mistake in the arguments comes first, then the last error line of Triton's own, then any line
    about an error. Times and process numbers are left out: they differ after each restart.
    """
    own: list[str] = []
    others: list[str] = []
    for line in log.splitlines():
        prefix = _PREFIX.match(line)
        text = line[prefix.end() :].strip('" ') if prefix else line.strip()
        if prefix is None and _ARGUMENT.search(text):
            return text
        if _NO_CAUSE in text or not text:
            continue
        if prefix is not None and prefix.group(1) in "EF":
            own.append(text)
        elif prefix is None and _ERROR.search(text) and not _is_usage(line):
            others.append(text)
    return next(reversed(own or others), "")


def _is_usage(line: str) -> bool:
    # Its options and their explanations are indented; messages are not.
    return line[:1] in ("\t", " ")


def _first_line(text: str) -> str:
    # Triton's log escapes line ends; the lines after the first are a traceback.
    return text.split("\\n", 1)[0].removeprefix("Internal: ").strip('" ')
