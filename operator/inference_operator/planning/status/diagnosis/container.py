"""Diagnosis of containers that the kubelet cannot create, such as for a missing Secret of `env`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.api.problem import Problem
from inference_operator.api.reasons import Reason
from inference_operator.domain.observed import Pod
from inference_operator.planning.status.diagnosis.case import Case, Diagnosis, quote
from inference_operator.resources.pod import LOADER, TRITON

_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError"})
_OBJECT = re.compile(r'(secret|configmap) "([^"]{1,253})" not found')
_KEY = re.compile(r"couldn't find key (\S{1,253}) in (Secret|ConfigMap) \S+/(\S{1,253})")
_FIELDS = {"Secret": "secretKeyRef", "ConfigMap": "configMapKeyRef"}
_KINDS = {"secret": "Secret", "configmap": "ConfigMap"}


@dataclass(frozen=True, slots=True)
class _Missing:
    """A Secret or ConfigMap that does not exist, or the key that it does not have."""

    kind: str
    name: str
    key: str = ""


def container_rule(pod: Pod, case: Case) -> Diagnosis | None:
    """Diagnose a container that cannot be created."""
    for name, container in ((LOADER, pod.loader), (TRITON, pod.triton)):
        if container is None or container.waiting_reason not in _REASONS:
            continue
        missing = _missing(container.waiting_message)
        if missing is not None and (fields := _fields_of(missing, case)):
            problem = _problem(missing, fields, case)
            return Diagnosis(Reason.POD_REFUSED, quote(str(problem)))
        return Diagnosis(
            Reason.POD_REFUSED,
            f"container {name} of pod {pod.name} cannot be created:"
            f" {quote(container.waiting_message)}; correct the field of spec that it names, or see"
            f" {case.describes('pod', pod.name)}",
        )
    return None


def _missing(message: str) -> _Missing | None:
    if match := _KEY.search(message):
        key, kind, name = match.groups()
        return _Missing(kind, name, key)
    if match := _OBJECT.search(message):
        kind, name = match.groups()
        return _Missing(_KINDS[kind], name)
    return None


def _fields_of(missing: _Missing, case: Case) -> list[str]:
    """Return the fields of `spec.triton.env` that need it."""
    field = _FIELDS[missing.kind]
    variables = case.triton_container.get("env") or ()
    return [
        f"spec.triton.env[{variable['name']}].valueFrom.{field}"
        for variable in variables
        if _needs((variable.get("valueFrom") or {}).get(field), missing)
    ]


def _needs(reference: Mapping[str, Any] | None, missing: _Missing) -> bool:
    return (
        reference is not None
        and reference["name"] == missing.name
        and missing.key in ("", reference["key"])
    )


def _problem(missing: _Missing, fields: list[str], case: Case) -> Problem:
    path = " and ".join(fields[:3])
    if missing.key:
        requirement = f"{missing.kind} {missing.name} has no key {missing.key}"
        return Problem(path, "", requirement, "add it, or name another key")
    requirement = f"{missing.kind} {missing.name} does not exist in namespace {case.namespace}"
    return Problem(path, "", requirement, "create it, or name another one")
