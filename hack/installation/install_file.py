"""`dist/install.yaml`: the operator and its CRDs in one file, for an image of one's own."""

from hack.installation.base_objects import BASE, IMAGE, objects_of
from inference_operator.domain.kubectl_yaml import write_manifests

PATH = "dist/install.yaml"

_HEADER = f"""\
# Generated from manifests/base and crds by `make generate`. Do not edit.
# It names the image {IMAGE} twice, in place of yours:
#   sed "s|{IMAGE}|$IMAGE|" {PATH} | kubectl apply --server-side -f -
# The install.yaml of a release names the image of that release by its digest.
"""


def install_yaml() -> str:
    """Return the text of the file."""
    return _HEADER + write_manifests(
        objects_of(BASE), explicit_start=True, allow_unicode=True, width=100
    )
