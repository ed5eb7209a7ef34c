"""`GatewayProgrammed`: whether the Gateways have taken over the routes as they are written now."""

from collections.abc import Iterator

from inference_operator.api.conditions import ConditionType
from inference_operator.api.reasons import Reason
from inference_operator.domain.gateway import GatewayView
from inference_operator.planning.status.conditions.inputs import ConditionDraft, ConditionInputs

_ROUTES = ("HTTPRoute", "GRPCRoute")


def gateway_condition(inputs: ConditionInputs) -> Iterator[ConditionDraft]:
    view = inputs.seen.children.gateway
    if view is None or inputs.plan.rollout.state.serving is None:
        return
    holds, reason, message = _programmed(inputs, view)
    yield ConditionDraft(ConditionType.GATEWAY_PROGRAMMED, holds, reason, message)


def _programmed(inputs: ConditionInputs, view: GatewayView) -> tuple[bool | None, Reason, str]:
    traffic = inputs.seen.children.traffic
    conflicts = [
        sentence
        for key, sentence in inputs.plan.blocked_by_conflicts.items()
        if key.kind in _ROUTES or (key.kind == "Service" and key.name != inputs.plan.key.name)
    ]
    if view.unseen:
        message = (
            f"{view.trouble}: the cluster lacks the Gateway API (gateway.networking.k8s.io/v1), or"
            " the operator's role does not allow it; no weight changes until then"
        )
        return False, Reason.GATEWAY_API_MISSING, message
    if conflicts:
        return False, Reason.CHILD_REFUSED, "; ".join(conflicts)
    if view.rivals:
        message = f"{view.trouble}, which is older; no route of this resource has them"
        return False, Reason.HOSTNAME_CONFLICT, message
    if traffic.trouble:
        return False, Reason.GATEWAY_REFUSED, traffic.trouble
    if traffic.effective and view.routes:
        kinds = " and ".join(sorted(view.routes))
        return True, Reason.ACCEPTED, f"all Gateways have taken over the {kinds}"
    message = "the Gateways have not answered yet for the routes as they are written now"
    return None, Reason.PROGRESSING, message
