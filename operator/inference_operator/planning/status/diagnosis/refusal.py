"""Diagnosis of pods that the API server refuses: quotas, admission, missing objects."""

import re

from inference_operator.api.reasons import Reason
from inference_operator.planning.status.diagnosis.case import Case, Diagnosis, quote

# Patterns of the API server's messages, and what to do; `{namespace}` is the unit's.
_REMEDIES = (
    (
        re.compile(r"serviceaccount \S{1,260} not found", re.IGNORECASE),
        "create the ServiceAccount in namespace {namespace}, or correct spec.serviceAccountName",
    ),
    (
        re.compile(r"no PriorityClass with name \S{1,260} was found"),
        "correct spec.placement.priorityClassName, or ask for that PriorityClass",
    ),
    (
        re.compile(r"RuntimeClass \S{1,260} not found", re.IGNORECASE),
        "correct spec.placement.runtimeClassName, or ask for that RuntimeClass",
    ),
    (
        re.compile(r"exceeded quota"),
        "lower spec.replicas or spec.resources, or ask for a larger ResourceQuota; see `kubectl -n"
        " {namespace} describe resourcequota`",
    ),
    (
        re.compile(r"failed quota: "),
        "set these in spec.resources, since a ResourceQuota of the namespace requires them",
    ),
    (
        re.compile(r"(?:minimum|maximum) \S{1,260} usage per (?:Container|Pod)"),
        "change spec.resources.requests and limits so that they fit, or ask for another limit in"
        " the LimitRange; see `kubectl -n {namespace} describe limitrange`",
    ),
)
_OTHERWISE = "correct the field of spec that it names, or ask for the quota or permission"


def refusal(message: str, case: Case) -> Diagnosis:
    """Return the diagnosis of a Deployment whose pods are refused with this message."""
    remedies = (remedy for pattern, remedy in _REMEDIES if pattern.search(message))
    remedy = next(remedies, _OTHERWISE).format(namespace=case.namespace)
    return Diagnosis(Reason.POD_REFUSED, f"pods are refused: {quote(message)}; {remedy}")
