"""What pods mount for the models that they fetch."""

from typing import Any

from inference_operator.planning.planner import plan
from tests.fakes.bodies import epipe
from tests.unit.planning.seen import DEFAULTS, NOON
from tests.unit.resources.inputs import seen_of

TENSOR = {"dataType": "FP32", "shape": [4]}


def inline(name: str, **source: Any) -> dict[str, Any]:
    model = {
        "source": source,
        "format": "onnx",
        "inputs": [{"name": "x", **TENSOR}],
        "outputs": [{"name": "y", **TENSOR}],
    }
    return {"name": name, "model": model, "inputMap": {"x": "x"}, "outputMap": {"y": name}}


def loaders_mounts(steps: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The volume behind each path of the init container."""
    outputs = [{"name": step["name"], **TENSOR} for step in steps]
    body = epipe(inputs=[{"name": "x", **TENSOR}], outputs=outputs, steps=steps)
    planned = plan(seen_of(body), DEFAULTS, NOON)
    assert planned.assessment.invalid is None, planned.assessment.invalid
    manifests = [a.manifest for a in planned.actions if hasattr(a, "manifest")]
    (pod,) = (m["spec"]["template"]["spec"] for m in manifests if m["kind"] == "Deployment")
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    loader, _ = pod["initContainers"]
    return {mount["mountPath"]: volumes[mount["name"]] for mount in loader["volumeMounts"]}


def test_the_secrets_of_all_models_are_mounted() -> None:
    secrets = {"one": "token-b", "two": "token-a", "three": "token-b"}
    mounts = loaders_mounts(
        [
            inline(name, uri=f"https://store.example/{name}.onnx", secretRef={"name": secret})
            for name, secret in secrets.items()
        ]
    )

    mounted = {at: volume["secret"] for at, volume in mounts.items() if "secret" in volume}
    assert mounted == {
        f"/etc/inference-operator/credentials/{name}": {"secretName": name, "optional": True}
        for name in ("token-a", "token-b")
    }


def test_the_claims_of_all_models_are_mounted() -> None:
    claims = {"one": "weights", "two": "archive", "three": "weights"}
    mounts = loaders_mounts(
        [inline(name, uri=f"pvc://{claim}/{name}.onnx") for name, claim in claims.items()]
    )

    kept = "persistentVolumeClaim"
    mounted = {at: volume[kept] for at, volume in mounts.items() if kept in volume}
    assert mounted == {
        f"/mnt/claims/{name}": {"claimName": name, "readOnly": True}
        for name in ("archive", "weights")
    }
