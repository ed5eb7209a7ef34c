"""Diagnosis of images that cannot be pulled."""

import re

from inference_operator.api.reasons import Reason
from inference_operator.domain.observed import Container, Pod
from inference_operator.planning.status.diagnosis.case import Case, Diagnosis, image_of, quote

_INVALID_NAME = "InvalidImageName"
_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", _INVALID_NAME, "ErrImageNeverPull"})
_FIELD = "spec.triton.image"
_OWN_IMAGE = (
    "this is the operator's own image: correct INFERENCE_OPERATOR_LOADER_IMAGE of its Deployment"
)
_PULL_SECRET = "or name a pull secret in spec.imagePullSecrets"
# What the kubelet and containerd write around the cause. Without it, the two messages that the
# kubelet alternates between are the same.
_AROUND = re.compile(
    r'^Back-off pulling image "[^"]{0,600}": |ErrImagePull: |rpc error: code = \w{1,30} desc = '
    r'|[Ff]ailed to pull (?:and unpack )?image "[^"]{0,600}": '
    r'|failed to resolve (?:reference "[^"]{0,600}"|image): '
)
_UNREACHABLE = re.compile(
    r"no such host|dial tcp|i/o timeout|connection refused|server misbehaving|TLS handshake"
)
_ABSENT = re.compile(r"not found|manifest unknown|does not exist", re.IGNORECASE)
_REFUSED = re.compile(r"\b40[13]\b|unauthorized|denied|forbidden|authoriz", re.IGNORECASE)


def image_rule(pod: Pod, case: Case) -> Diagnosis | None:
    """Diagnose an image that cannot be pulled, of the init container or of Triton."""
    for container, is_triton in ((pod.loader, False), (pod.triton, True)):
        if container is not None and container.waiting_reason in _REASONS:
            return Diagnosis(Reason.IMAGE_PULL_FAILED, _sentence(container, is_triton))
    return None


def _sentence(container: Container, is_triton: bool) -> str:
    cause = _AROUND.sub("", container.waiting_message) or container.waiting_message
    cause = quote(cause) or container.waiting_reason
    field = f"correct {_FIELD}" if is_triton else _OWN_IMAGE
    if container.waiting_reason == _INVALID_NAME:
        remedy = f"{field}, as HOST/REPOSITORY:TAG with a repository in lower case"
        return f"{image_of(container)} is not the name of an image: {cause}; {remedy}"
    return f"image {image_of(container)} cannot be pulled: {cause}; {_remedy(cause, field)}"


def _remedy(cause: str, field: str) -> str:
    if _REFUSED.search(cause):
        return f"{field}, {_PULL_SECRET}"
    if _UNREACHABLE.search(cause):
        return f"{field}, or let the nodes reach its registry"
    if _ABSENT.search(cause):
        return f"{field}, push the image, {_PULL_SECRET}"
    return f"{field}, {_PULL_SECRET}"
