"""`inference-operator load` and `inference-operator digest`: arguments, exit codes, signals."""

import argparse
import os
import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from inference_operator.domain.repository_plan import CACHE_VARIABLE, SIZE_LIMIT_VARIABLE

if TYPE_CHECKING:
    from inference_operator.domain.load_report import LoadReport
    from inference_operator.load.failure import LoadError
    from inference_operator.load.transfer.node_cache import NodeCache

FAILED = 1
USAGE = 2
ENDED_BY_SIGTERM = 128 + signal.SIGTERM

_CONFIG = Path("/etc/inference-operator")
# Not an option: an older image would refuse an unknown one.
_DIGESTS = _CONFIG / "digests"


def add_parser(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Add `load` and `digest`; `func` of their arguments runs them and returns the exit code."""
    load = subparsers.add_parser(
        "load",
        help="lay out a Triton model repository (the init container of a serving pod)",
        description="Fetch and check every model of a plan, and lay out Triton's model repository.",
    )
    folders = {
        "--plan": (_CONFIG / "repository", "folder with plan.json and <model>.config.pbtxt"),
        "--output": (Path("/models"), "the model repository to lay out"),
        "--credentials": (_CONFIG / "credentials", "folder with one folder for each Secret"),
        "--claims": (Path("/mnt/claims"), "folder with one mount for each volume claim"),
        "--termination-log": (Path("/dev/termination-log"), "file for the report"),
    }
    for option, (default, words) in folders.items():
        load.add_argument(option, type=Path, default=default, help=f"{words} (%(default)s)")
    load.add_argument(
        "--cache",
        default=os.environ.get(CACHE_VARIABLE),
        metavar="URL",
        help=f"address of the node's artifact cache (default: ${CACHE_VARIABLE})",
    )
    load.add_argument(
        "--size-limit",
        type=_size,
        default=os.environ.get(SIZE_LIMIT_VARIABLE),
        metavar="BYTES",
        help="disk space that a model may take if the plan has no limit; default: any size"
        f" (default: ${SIZE_LIMIT_VARIABLE})",
    )
    load.set_defaults(func=run_load)

    digest = subparsers.add_parser(
        "digest",
        help="print the digest that spec.model.source.sha256 pins",
        description="Print the SHA-256 of a file, or the digest of a folder and all files in it.",
    )
    digest.add_argument("path", type=Path, help="the artifact: a file or a folder")
    digest.set_defaults(func=run_digest)


def _size(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number of bytes, 1 or more")
    return int(text)


def run_load(arguments: argparse.Namespace) -> int:
    """Lay out the repository; return 0, 1 for a reported failure, or 2 for a bad plan."""
    # A container's first process ignores SIGTERM unless it handles it.
    signal.signal(signal.SIGTERM, _end)
    from inference_operator.load.transfer.progress import log
    from inference_operator.logs import configure

    # The level of libraries; the loader writes its own lines at each level.
    configure("WARNING")
    report, code = _load(arguments)
    log(report.message, "INFO" if report.succeeded else "ERROR", reason=report.reason.value)
    try:
        arguments.termination_log.write_text(report.to_json(), "utf-8")
    except OSError as error:
        log("cannot write the termination log", "WARNING", error=str(error))
    return code


def _load(arguments: argparse.Namespace) -> "tuple[LoadReport, int]":
    import traceback

    from inference_operator.api.reasons import Reason
    from inference_operator.api.shown_uri import shown_text
    from inference_operator.domain.load_report import LoadReport
    from inference_operator.domain.repository_plan import PlanError
    from inference_operator.load.failure import LoadError
    from inference_operator.load.loader import Folders, Loader
    from inference_operator.load.plan import read_plan
    from inference_operator.load.transfer.progress import log

    folders = Folders(arguments.output, arguments.credentials, arguments.claims, _DIGESTS)
    try:
        cache = _cache_at(arguments.cache) if arguments.cache else None
        loader = Loader(folders, cache=cache, size_limit=arguments.size_limit)
        return loader.load(read_plan(arguments.plan)), 0
    except PlanError as error:
        return LoadReport(Reason.FETCH_FAILED, f"the repository plan is unusable: {error}"), USAGE
    except LoadError as failure:
        return _report_of(failure), FAILED
    except (MemoryError, RecursionError) as error:
        log("out of memory or nesting levels", "ERROR", exception=traceback.format_exc())
        message = (
            "checking an artifact needs more memory or levels of nesting than the init container"
            f" has ({type(error).__name__}); export a smaller or less nested model"
        )
        return LoadReport(Reason.ARTIFACT_INVALID, message), FAILED
    except Exception as error:
        # A field, since a foreign line end would begin a line of the log. Libraries print whole
        # addresses, with the secrets in them.
        log("unexpected failure", "ERROR", exception=shown_text(traceback.format_exc()))
        message = f"{type(error).__name__}: {shown_text(str(error))}"
        message = f"unexpected {message}"
        return LoadReport(Reason.FETCH_FAILED, message), FAILED


def _report_of(failure: "LoadError") -> "LoadReport":
    from inference_operator.domain.load_report import LoadReport

    message = f"{failure.model}: {failure}" if failure.model else f"{failure}"
    return LoadReport(failure.reason, message, model=failure.model, problems=failure.problems)


def _cache_at(url: str) -> "NodeCache | None":
    """Return the node's cache; None for an invalid address, since a pod starts without it too."""
    from inference_operator.load.transfer.node_cache import NodeCache
    from inference_operator.load.transfer.progress import log

    try:
        return NodeCache(url)
    except ValueError as error:
        remedy = f"expected {CACHE_VARIABLE} as http://HOST:PORT; continuing without the cache"
        log("invalid address of the node's cache", "WARNING", error=str(error), remedy=remedy)
        return None


def run_digest(arguments: argparse.Namespace) -> int:
    import sys

    from inference_operator.api.quoting import one_line
    from inference_operator.load.failure import LoadError
    from inference_operator.load.transfer.digest import digest_of

    try:
        print(digest_of(arguments.path))
    except OSError as error:
        print(one_line(f"cannot read {arguments.path}: {error.strerror}"), file=sys.stderr)
        return USAGE
    except LoadError as failure:
        print(one_line(str(failure)), file=sys.stderr)
        return FAILED
    return 0


def _end(number: int, frame: FrameType | None) -> NoReturn:
    # An orderly exit would wait for the threads that download; their files are resumed later.
    os._exit(ENDED_BY_SIGTERM)
