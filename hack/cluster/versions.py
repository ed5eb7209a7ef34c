"""The Kubernetes versions that a local cluster can run, and the choice of one."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from hack.console import StepError

MODULES = Path(__file__).parent / "go"
_FOLDER = MODULES / "kubernetes"
# The first one is the newest, and the default.
MINORS = ("1.37", "1.34")
_REQUIRED = re.compile(r"^\s*k8s\.io/kubernetes (v\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """A minor version, at the patch version that its go.mod requires."""

    minor: str
    version: str

    @property
    def module(self) -> str:
        """Return the folder of its go.mod, relative to `MODULES`."""
        return f"kubernetes/{self.minor}"

    @property
    def ldflags(self) -> str:
        """Return the linker flags that set the version; without them programs report v0.0.0."""
        major, minor = self.minor.split(".")
        return "-s -w" + "".join(
            f" -X k8s.io/{package}.gitVersion={self.version}"
            f" -X k8s.io/{package}.gitMajor={major} -X k8s.io/{package}.gitMinor={minor}"
            for package in ("component-base/version", "client-go/pkg/version")
        )


def kubernetes(minor: str) -> Kubernetes:
    """Return the version of a minor, such as `1.37`.

    Raises:
        StepError: if `MINORS` does not have it.
    """
    if minor not in MINORS:
        raise StepError(
            f"KUBERNETES={minor!r} is not a version that can be built here",
            f"Use KUBERNETES={' or '.join(MINORS)}.",
        )
    required = _REQUIRED.search((_FOLDER / minor / "go.mod").read_text())
    assert required, f"{minor}/go.mod does not require k8s.io/kubernetes"
    return Kubernetes(minor, required[1])


def chosen() -> Kubernetes:
    """Return the version that the variable `KUBERNETES` names, or the newest."""
    return kubernetes(os.environ.get("KUBERNETES") or MINORS[0])
