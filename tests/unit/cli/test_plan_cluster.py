"""`plan` beside a cluster: the difference from what runs there, and what its nodes rule out."""

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import pytest
import yaml

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.cli.cluster_access import AccessError
from inference_operator.cli.live_cluster import LiveCluster, settings_in, state_of
from inference_operator.cli.main import main
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.body import MutableBody
from inference_operator.domain.freeze import FREEZE_ANNOTATION
from inference_operator.settings import SettingsError
from tests.fakes.bodies import KEY, Body, imodel, node, source, stored
from tests.fakes.cluster import FakeCluster
from tests.fakes.gateways import GatewayHarness, rollout
from tests.fakes.harness import OperatorHarness

IMAGES = {
    "INFERENCE_OPERATOR_TRITON_IMAGE": "triton:1",
    "INFERENCE_OPERATOR_LOADER_IMAGE": "inference-operator:1",
}


class ListedCluster:
    """The requests that `plan` sends, to a fake cluster with these nodes."""

    def __init__(self, cluster: FakeCluster, nodes: list[Body] | None) -> None:
        self._cluster, self._nodes = cluster, nodes

    async def get(self, resource: ApiResource, namespace: str, name: str) -> MutableBody:
        if resource.kind == "Namespace":
            return await self._cluster.get(resource, namespace, name)
        raise ApiError(404, "NotFound", "no deployment")

    async def pages(
        self, resource: ApiResource, space: str, selector: str
    ) -> AsyncIterator[MutableBody]:
        if resource.kind == "Node":
            if self._nodes is None:
                raise ApiError(403, "Forbidden", "nodes are forbidden")
            yield {"metadata": {}, "items": self._nodes}
            return
        assert space == KEY.namespace
        yield {"metadata": {}, "items": self._cluster.all(resource.kind)}


@pytest.fixture
def serving() -> OperatorHarness:
    world = OperatorHarness()
    world.user_applies(model=source(1))
    asyncio.run(world.settle())
    return world


def output_of(
    world: OperatorHarness,
    path: Path,
    nodes: list[Body] | None,
    body: Body,
) -> tuple[int, str]:
    """Run `plan` on the manifest, beside the cluster; return its status and output."""
    file = path / "model.yaml"
    file.write_text(yaml.safe_dump(body))

    async def read(_: Namespace, namespaces: Collection[str]) -> LiveCluster:
        return await state_of(ListedCluster(world.cluster, nodes), namespaces)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inference_operator.cli.plan.read_cluster", read)
        printed: list[str] = []
        patch.setattr("builtins.print", lambda *words, **_: printed.extend(map(str, words)))
        status = main(["plan", "-f", str(file), "--context", "any"])
    return status, "\n".join(printed)


def test_an_edit_is_shown_as_the_difference(serving: OperatorHarness, tmp_path: Path) -> None:
    status, out = output_of(serving, tmp_path, [], imodel(model=source(2)))

    assert status == 0
    assert "  spec: - runs now, + would run" in out
    assert "-    uri: https://store.example/fx/1/model.onnx" in out
    assert "+    uri: https://store.example/fx/2/model.onnx" in out
    assert "config.pbtxt: -" not in out, "the source is not part of it"


def test_the_config_and_the_pod_are_compared_as_well(
    serving: OperatorHarness, tmp_path: Path
) -> None:
    edited = imodel(
        model={**source(1), "maxBatchSize": 16}, resources={"limits": {"memory": "3Gi"}}
    )
    _, out = output_of(serving, tmp_path, [], edited)

    assert "fx-drift/config.pbtxt: - runs now, + would run" in out
    assert "+max_batch_size: 16" in out
    assert "pod: - runs now, + would run" in out
    assert "memory: 3Gi" in out


def test_what_runs_as_it_is_written_has_no_difference(
    serving: OperatorHarness, tmp_path: Path
) -> None:
    _, out = output_of(serving, tmp_path, [], imodel(model=source(1)))

    assert "runs now" not in out
    assert "no change to its children" in out or "create" not in out


@pytest.mark.parametrize(
    ("nodes", "changes", "expected"),
    [
        ([node("a"), node("b")], {"accelerator": {"count": 1}}, "no node offers nvidia.com/gpu"),
        ([node("a", gpus=1)], {"accelerator": {"count": 2}}, "no node offers 2 nvidia.com/gpu"),
        ([node("a", gpus=1)], {"accelerator": {"count": 1}}, ""),
        ([node("a", unschedulable=True)], {}, "no node is schedulable"),
        ([node("a")], {"placement": {"nodeSelector": {"disk": "fast"}}}, "has the label disk=fast"),
        (
            [node("a", taints=[{"key": "team", "value": "x", "effect": "NoSchedule"}])],
            {},
            "no node is without the taint team=x:NoSchedule",
        ),
        (
            [node("a"), node("b", unschedulable=True)],
            {"accelerator": {"count": 1}},
            "no node fits (2 nodes checked: 1 without nvidia.com/gpu, 1 not schedulable)",
        ),
        ([], {"accelerator": {"count": 1}}, ""),
        (None, {"accelerator": {"count": 1}}, ""),
    ],
)
def test_nodes_rule_pods_out(
    tmp_path: Path, nodes: list[Body] | None, changes: dict[str, Any], expected: str
) -> None:
    for each in nodes or ():
        each["status"]["allocatable"] |= {
            name: each["status"]["allocatable"].get(name, amount)
            for name, amount in {
                "cpu": "64",
                "memory": "256Gi",
                "ephemeral-storage": "900Gi",
            }.items()
        }
    listed = None if nodes is None else [stored(each) for each in nodes]
    _, out = output_of(OperatorHarness(), tmp_path, listed, imodel(**changes))

    assert expected in out
    assert ("would wait" in out) == bool(expected)


def test_a_refused_request_is_an_error_for_the_user() -> None:
    class Refusing(ListedCluster):
        async def pages(
            self, resource: ApiResource, space: str, selector: str
        ) -> AsyncIterator[MutableBody]:
            raise ApiError(403, "Forbidden", "no")
            yield {}

    with pytest.raises(AccessError, match="inferencemodels of desk-7"):
        asyncio.run(state_of(Refusing(FakeCluster(), []), {KEY.namespace}))


def test_routes_that_are_as_they_shall_be_are_not_written_again(tmp_path: Path) -> None:
    world = GatewayHarness()
    world.user_applies(model=source(1), rollout=rollout())
    asyncio.run(world.settle())
    _, out = output_of(world, tmp_path, [], imodel(model=source(1), rollout=rollout()))

    assert "no change to its children" in out
    _, out = output_of(world, tmp_path, [], imodel(model=source(1), rollout=rollout(grpc=None)))
    assert "delete GRPCRoute/fx-drift (no longer needed)" in out


def test_a_frozen_namespace_holds_a_new_revision(serving: OperatorHarness, tmp_path: Path) -> None:
    freezes = {"name": KEY.namespace, "annotations": {FREEZE_ANNOTATION: "end of quarter"}}
    serving.cluster.apply_as(
        "kubectl", {"apiVersion": "v1", "kind": "Namespace", "metadata": freezes}
    )
    _, out = output_of(serving, tmp_path, [], imodel(model=source(2)))

    assert "freezes rollouts: end of quarter" in out
    assert "RevisionCreated" not in out


def test_a_namespace_that_may_not_be_read_is_noted(serving: OperatorHarness) -> None:
    class Refusing(ListedCluster):
        async def get(self, resource: ApiResource, namespace: str, name: str) -> MutableBody:
            raise ApiError(403, "Forbidden", "not yours")

    state = asyncio.run(state_of(Refusing(serving.cluster, []), {KEY.namespace}))
    assert "whether desk-7 freezes rollouts cannot be read: " in "; ".join(state.notes)


def test_a_cluster_without_the_gateway_api_is_read_as_well(
    serving: OperatorHarness, tmp_path: Path
) -> None:
    class Lacking(ListedCluster):
        async def pages(
            self, resource: ApiResource, space: str, selector: str
        ) -> AsyncIterator[MutableBody]:
            if resource.kind == "HTTPRoute":
                raise ApiError(404, "NotFound", "the server could not find the requested resource")
            async for page in super().pages(resource, space, selector):
                yield page

    state = asyncio.run(state_of(Lacking(serving.cluster, []), {KEY.namespace}))
    assert {document.body["kind"] for document in state.live.documents} >= {"Service", "Deployment"}


def test_the_settings_are_those_of_the_operators_deployment() -> None:
    def deployment(*variables: dict[str, Any]) -> Body:
        container = {"name": "operator", "env": list(variables)}
        return {"spec": {"template": {"spec": {"containers": [container]}}}}

    image = {"name": "INFERENCE_OPERATOR_TRITON_IMAGE", "value": "mine/triton:9"}
    from_pod = {"name": "INFERENCE_OPERATOR_IDENTITY", "valueFrom": {"fieldRef": {}}}
    bad = {"name": "INFERENCE_OPERATOR_WORKERS", "value": "many"}

    assert settings_in(deployment(image, from_pod)).triton_image == "mine/triton:9"
    with pytest.raises(SettingsError, match="WORKERS"):
        settings_in(deployment(bad))


def test_without_a_usable_kubeconfig_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "model.yaml"
    file.write_text(yaml.safe_dump(imodel()))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nothing"))

    assert main(["plan", "-f", str(file)]) == 3
    assert "no usable kubeconfig" in capsys.readouterr().err
    assert main(["plan", "-f", str(file), "--offline"]) == 0
    assert main(["render", "-f", str(file)]) == 0
