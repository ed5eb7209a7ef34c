"""Software bills of materials: what each image and environment consists of, from its lock.

`python -m hack.sbom` writes CycloneDX documents to build/sbom; `python -m hack.sbom audit` looks
the locked packages up in a database of vulnerabilities.
Packages of Debian are not in a lock: the release workflow lets BuildKit list those of the image.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hack.cache import cache_root, key_of
from hack.console import StepError, reported, run, step
from hack.uv import uv

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "build" / "sbom"
TOOLS = ROOT / "requirements" / "release.txt"
LOCKS: Mapping[str, Path] = {
    "inference-operator": ROOT / "requirements" / "operator.txt",
    "mlflow-server": ROOT / "hack" / "images" / "mlflow" / "requirements.txt",
    "training": ROOT / "requirements" / "training.txt",
}
"""The lock of each document."""

SPECIFICATION = "1.6"
_PACKAGE = re.compile(r"^([A-Za-z0-9][-A-Za-z0-9._]*)==([^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_REMEDY = "see that the package index answers, or correct requirements/ (make lock)"
_BUILT = {"build", "dist"}
_VALIDATE = f"""
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
validator = JsonStrictValidator(SchemaVersion.from_version({SPECIFICATION!r}))
error = validator.validate_str(open(sys.argv[1]).read())
sys.exit(str(error) if error else 0)
"""

Document = dict[str, Any]


def locked(text: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the version and the sha256 digests of each package of a lock, by its name."""
    starts = [*_PACKAGE.finditer(text)]
    ends = [*(start.start() for start in starts[1:]), len(text)]
    return {
        canonical(start[1]): (start[2], tuple(_HASH.findall(text[start.end() : end])))
        for start, end in zip(starts, ends, strict=True)
    }


def canonical(name: str) -> str:
    """Return a package's name as indexes compare it: `Flask_Cors` is `flask-cors`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def with_hashes(document: Document, lock: str) -> Document:
    """Return the document with the digests of each package, and without paths of this machine.

    A package has one digest for each of its wheels: they are those of its distribution. StepError
    where the document and the lock do not hold the same packages.
    """
    packages = locked(lock)
    there = {
        canonical(component["name"]): component["version"] for component in document["components"]
    }
    if there != {name: version for name, (version, _) in packages.items()}:
        raise StepError(f"found {sorted(there)}, expected the packages of the lock", _REMEDY)
    components = [_with_hashes(component, packages) for component in document["components"]]
    return {**document, "components": components}


def _with_hashes(
    component: Document, packages: Mapping[str, tuple[str, tuple[str, ...]]]
) -> Document:
    _, digests = packages[canonical(component["name"])]
    distribution = {
        "type": "distribution",
        "url": f"pkg:pypi/{canonical(component['name'])}@{component['version']}",
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in digests],
    }
    others = component.get("externalReferences", [])
    return {**component, "externalReferences": [*others, distribution]}


def write(name: str) -> Path:
    """Write the document of one lock, and return its file.

    The packages are installed for it: only they say their licences and what they depend on.
    """
    lock = LOCKS[name]
    environment = OUTPUT / f".{name}"
    shutil.rmtree(environment, ignore_errors=True)
    with step(f"packages of {name}"):
        run([uv(), "venv", "--quiet", "--python", sys.executable, environment], remedy=_REMEDY)
        python = environment / "bin" / "python"
        sync: list[str | Path] = [uv(), "pip", "sync", "--quiet", "--require-hashes"]
        run([*sync, "--python", python, lock], remedy=_REMEDY)
        printed = OUTPUT / f".{name}.json"
        options: list[str | Path] = [
            "--output-reproducible",
            "--no-validate",  # it is changed, and validated after that
            "--sv",
            SPECIFICATION,
            "--output-file",
            printed,
        ]
        _tool("cyclonedx-py", "environment", *options, python)
        document = with_hashes(json.loads(printed.read_text("utf-8")), lock.read_text("utf-8"))
        document["metadata"]["component"] = {"type": "application", "bom-ref": name, "name": name}
        file = OUTPUT / f"{name}.cdx.json"
        file.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
        _tool("python", "-c", _VALIDATE, file)
    printed.unlink()
    shutil.rmtree(environment)
    return file


def audit() -> None:
    """Look up all locked packages; StepError with those that have known vulnerabilities."""
    for lock in locks():
        with step(f"vulnerabilities of {lock.relative_to(ROOT)}"):
            command = ("pip-audit", "--require-hashes", "--disable-pip", "--requirement", lock)
            _tool(*command, remedy="Take newer versions (make lock UPGRADE=--upgrade).")


def locks() -> list[Path]:
    """Return every lock of the repository: its text files that have digests."""
    paths: list[Path] = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in _BUILT and name[0] != "."]
        paths += [Path(folder, name) for name in files if name.endswith(".txt")]
    return sorted(file for file in paths if _HASH.search(file.read_text("utf-8", "replace")))


def _tool(name: str, *arguments: str | Path, remedy: str = _REMEDY) -> None:
    """Run a tool of requirements/release.txt."""
    run([tools(TOOLS) / "bin" / name, *arguments], remedy=remedy)


def tools(lock: Path) -> Path:
    """Return an environment with the packages of the lock, from the cache.

    StepError where a package has another digest than in the lock.
    """
    folder = cache_root() / f"tools-{key_of(lock, sys.version)}"
    if (folder / "bin").exists():
        return folder
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        # `uv run --with-requirements` would not look at the digests.
        made: list[str | Path] = [uv(), "venv", "--quiet", "--relocatable"]
        run([*made, "--python", sys.executable, partial], remedy=_REMEDY)
        sync: list[str | Path] = [uv(), "pip", "sync", "--quiet", "--require-hashes"]
        run([*sync, "--python", partial / "bin" / "python", lock], remedy=_REMEDY)
        partial.rename(folder)
    except OSError:
        if not (folder / "bin").exists():  # else another process was faster
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def main() -> None:
    """Write all documents, or audit all locks."""
    with reported():
        if sys.argv[1:] == ["audit"]:
            audit()
            return
        OUTPUT.mkdir(parents=True, exist_ok=True)
        for name in LOCKS:
            print(f"    {write(name).relative_to(ROOT)}")


if __name__ == "__main__":
    main()
