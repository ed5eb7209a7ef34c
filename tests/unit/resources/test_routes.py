"""Routes and the Services behind them as they are written, compared with a golden file."""

from typing import Any

from inference_operator.domain.kubectl_yaml import write_manifests
from inference_operator.domain.names import Backend
from inference_operator.planning.children.drift import drift
from inference_operator.resources.grpc_route import grpc_route
from inference_operator.resources.http_route import http_route
from inference_operator.resources.pod import GRPC_PORT, HTTP_PORT
from inference_operator.resources.routes import with_weights
from inference_operator.resources.service import selected_revision, track_service
from tests.golden import Golden
from tests.unit.planning.gateway_world import GATEWAY
from tests.unit.planning.seen import OWNER

HOSTS = ("fx.example.com",)
WITH_HEADER = GATEWAY.model_validate(
    {
        "parentRefs": [
            {"name": "public", "namespace": "gateways", "sectionName": "web", "port": 443},
            {"name": "inner"},
        ],
        "http": {"hostnames": ["fx.example.com", "*.fx.example.com"]},
        "grpc": {"hostnames": ["fx-grpc.example.com"]},
        "header": {"name": "x-canary", "value": "always"},
    }
)


def rendered() -> list[dict[str, Any]]:
    assert WITH_HEADER.http is not None
    assert WITH_HEADER.grpc is not None
    return [
        track_service(OWNER, Backend.STABLE, "aaa"),
        track_service(OWNER, Backend.CANARY, "bbb"),
        http_route(OWNER, WITH_HEADER, WITH_HEADER.http.hostnames, 10),
        grpc_route(OWNER, WITH_HEADER, WITH_HEADER.grpc.hostnames, 10),
    ]


def test_services_and_routes_are_as_reviewed(golden: Golden) -> None:
    text = write_manifests(rendered(), explicit_start=True)
    golden.check("golden/canary-by-a-gateway/expected.yaml", text)


def test_the_two_services_select_a_revision_each() -> None:
    stable, canary, *_ = rendered()

    assert (selected_revision(stable), selected_revision(canary)) == ("aaa", "bbb")


def test_a_kept_route_differs_in_nothing_but_its_weights() -> None:
    for render, port in ((http_route, HTTP_PORT), (grpc_route, GRPC_PORT)):
        live = render(OWNER, WITH_HEADER, HOSTS, 10)

        assert with_weights(OWNER, live, port, 10) == live
        assert with_weights(OWNER, live, port, 60) == render(OWNER, WITH_HEADER, HOSTS, 60)
        assert drift(live, with_weights(OWNER, live, port, 60)) is not None
