"""Diagnosis of pods that the scheduler cannot place: claims, accelerators, and everything else."""

import re

from inference_operator.api.problem import SOURCE_URI, Problem
from inference_operator.api.quoting import counted, listed
from inference_operator.api.reasons import Reason
from inference_operator.domain.observed import Pod
from inference_operator.planning.status.diagnosis.case import Case, Diagnosis, quote
from inference_operator.planning.status.diagnosis.paths import placed

_MISSING_CLAIM = re.compile(r'persistentvolumeclaim "([^"]{1,253})" not found')
_UNBOUND = re.compile(
    r"unbound immediate PersistentVolumeClaims|did not find available persistent volumes"
    r"|bound to non-existent persistentvolume|unbound PersistentVolumeClaims"
)
_ACCELERATOR = re.compile(r"Insufficient ([^\s/]{1,253}/[^\s,]{1,253}?)[.,]?(?:\s|$)")
# Advice about preemption and dynamic resources that says nothing about this pod.
_TAIL = re.compile(
    r"(?:no new claims to deallocate|preemption: ).*|still not schedulable, ", re.DOTALL
)
_REMEDIES = (
    (
        re.compile(r"Insufficient|Too many pods"),
        "lower spec.resources.requests or spec.replicas, or add a node",
    ),
    (
        re.compile(r"node affinity|node selector|affinity/selector"),
        "correct spec.placement, or label a node",
    ),
    (
        re.compile(r"pod (?:anti-)?affinity|topology spread"),
        "relax spec.placement, or add a node",
    ),
    (
        re.compile(r"taint"),
        "tolerate the taint in spec.placement.tolerations, or add a node without it",
    ),
    (
        re.compile(r"were unschedulable"),
        "make a node schedulable (`kubectl uncordon NODE`), or add one",
    ),
)
_OTHERWISE = "adjust spec.resources or spec.placement, or add nodes"


def schedule_rule(pod: Pod, case: Case) -> Diagnosis | None:
    """Diagnose a pod that no node takes."""
    if not pod.unschedulable:
        return None
    if missing := _MISSING_CLAIM.search(pod.unschedulable):
        claim = missing.group(1)
        requirement = f"PersistentVolumeClaim {claim} does not exist in this namespace"
        remedy = "create it, or name another one"
        return _of_claim(Reason.CLAIM_NOT_FOUND, [claim], requirement, remedy, case)
    message = _essence(pod.unschedulable)
    claims = _claims(case)
    if claims and _UNBOUND.search(pod.unschedulable):
        return _unbound(claims, case)
    if lacking := _ACCELERATOR.search(pod.unschedulable):
        return _no_accelerator(lacking.group(1), message, case)
    remedies = [remedy for pattern, remedy in _REMEDIES if pattern.search(message)]
    return Diagnosis(
        Reason.UNSCHEDULABLE,
        f"no node accepts the pod: {message}; {', or '.join(remedies) or _OTHERWISE}",
    )


def _essence(message: str) -> str:
    """Return the scheduler's message without what it adds about preemption."""
    return quote(_TAIL.sub("", message)).strip(" ,.") or quote(message)


def _claims(case: Case) -> list[str]:
    """Return the claims that the pods mount."""
    volumes = case.pod_spec.get("volumes") or ()
    sources = (volume.get("persistentVolumeClaim") for volume in volumes)
    return [source["claimName"] for source in sources if source]


def _unbound(claims: list[str], case: Case) -> Diagnosis:
    several = len(claims) > 1
    noun = "one of the PersistentVolumeClaims" if several else "PersistentVolumeClaim"
    requirement = f"{noun} {listed(claims, show=str)} is not bound to a volume"
    remedy = (
        f"correct its storage class, or add a PersistentVolume that fits;"
        f" {case.describes('pvc', claims[0])} shows why"
    )
    return _of_claim(Reason.CLAIM_NOT_BOUND, claims, requirement, remedy, case)


def _of_claim(
    reason: Reason, claims: list[str], requirement: str, remedy: str, case: Case
) -> Diagnosis:
    problem = Problem(SOURCE_URI, "", requirement, remedy)
    steps = case.record.steps
    if steps:
        places = tuple(f"pvc://{claim}/" for claim in claims)
        problem = placed(problem, (step for step in steps if step.uri.startswith(places)))
    return Diagnosis(reason, str(problem))


def _no_accelerator(resource: str, message: str, case: Case) -> Diagnosis:
    cause, remedy = _offer(resource, case)
    way_out = f", or {case.way_out}" if case.way_out else ""
    return Diagnosis(Reason.GPU_UNAVAILABLE, f"{cause}: {message}; {remedy}{way_out}")


def _offer(resource: str, case: Case) -> tuple[str, str]:
    """Return what the nodes have of the resource, and the remedy that follows from it."""
    if case.nodes is None:
        return f"no node has {quote(resource)} free", "free or add one"
    most = max((node.extended.get(resource, 0) for node in case.nodes), default=0)
    asked = _asked(resource, case)
    total = counted(len(case.nodes), "node")
    if most == 0:
        return f"no node offers {quote(resource)} ({total} checked)", "add a node that does"
    if most < asked:
        return (
            f"no node offers {asked} {quote(resource)} (the largest has {most})",
            "lower spec.accelerator.count, or add such a node",
        )
    return f"no node that may run the pod has {quote(resource)} free", "free or add one"


def _asked(resource: str, case: Case) -> int:
    limits = (case.triton_container.get("resources") or {}).get("limits") or {}
    text = str(limits.get(resource, "1"))
    return int(text) if text.isdecimal() and len(text) < 10 else 1
