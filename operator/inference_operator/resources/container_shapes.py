"""Shapes that the containers of a pod share: image, resources, security context and mounts."""

from collections.abc import Mapping

from inference_operator.resources.shapes import (
    Mismatch,
    Shape,
    equal,
    fields,
    in_order,
    mismatch,
    quantity,
    table,
    text,
)

SECONDS = 86_400
"""Longest time of a probe."""

IMAGE = text(r"[^\s\x00-\x1f\x7f]+", "an image without spaces", 1024)
RESOURCES = fields({}, {"requests": table(quantity), "limits": table(quantity)})
RESTRICTED = fields(
    {
        "allowPrivilegeEscalation": equal(False),
        "readOnlyRootFilesystem": equal(True),
        "capabilities": fields({"drop": in_order(equal("ALL"))}),
    }
)


def mount(value: object, path: str, folders: Mapping[str, Shape]) -> Mismatch | None:
    """Accept a mount of one of these volumes, in the place of that volume."""
    name = value.get("name") if isinstance(value, Mapping) else None
    kind = name.rstrip("0123456789") if isinstance(name, str) else ""
    folder = folders.get(kind)
    if folder is None:
        return mismatch(name, f"{path}.name", f"one of {', '.join(folders)}")
    return fields({"name": text(most=64), "mountPath": folder}, {"readOnly": equal(True)})(
        value, path
    )
