"""Any status that the API server stores: no script fails, and no offered action does."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inference_operator.domain.commands import Commands
from tests.unit.argocd.argo_cd import HEALTHS, act, health, offered

REVISIONS = st.sampled_from(["7c1f0d52aa", "935a3432c3", "41aa90be7d"])
TIMES = st.just("2026-12-01T09:12:00Z")
TEXTS = st.text(max_size=8)
COMMANDS = ("promote", "abort", "retry", "pause", "rollback", "refresh-alias")


def some(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


REVISION = some({"revision": REVISIONS}, {"replicas": st.integers(0, 9)})
KINDS_OF_CONDITIONS = ["Ready", "Reconciling", "Stalled", "Available", "SpecValid", "Other"]
CONDITION = some(
    {
        "type": st.sampled_from(KINDS_OF_CONDITIONS),
        "status": st.sampled_from(["True", "False", "Unknown"]),
    },
    # An older CRD, or a person, may have left them out.
    {"reason": st.sampled_from(["Paused", "Frozen", "RolledBack", "Ready", "X"]), "message": TEXTS},
)
DECISION = some(
    {"reason": st.sampled_from(["Promoted", "Aborted"])}, {"from": REVISIONS, "to": REVISIONS}
)
ROLLOUT = some(
    {},
    {
        "previous": REVISIONS,
        "currentStepIndex": st.integers(0, 40),
        "aborted": some({"revision": REVISIONS, "time": TIMES}, {}),
    },
)
STATUS = some(
    {},
    {
        "observedGeneration": st.integers(0, 3),
        "phase": st.sampled_from(["Progressing", "Paused", "Failed", "Degraded", "Ready"]),
        "conditions": st.lists(CONDITION, max_size=6),
        "stable": REVISION,
        "canary": REVISION,
        "rollout": ROLLOUT,
        "decisions": st.lists(DECISION, max_size=3),
    },
)
STEP = st.sampled_from([{"setWeight": 10}, {"pause": {}}, {"pause": {"duration": "5m"}}])
CANARY = some({"steps": st.lists(STEP, min_size=1, max_size=4)}, {})
MODEL = some({}, {"source": some({}, {"uri": st.sampled_from(["models:/a@b", "s3://a/b", ""])})})
SPEC = some(
    {},
    {
        "rollout": some({}, {"canary": CANARY}),
        "model": MODEL,
        "steps": st.lists(some({}, {"model": MODEL}), max_size=3),
    },
)
ANNOTATIONS = st.dictionaries(
    st.sampled_from([f"inference.aipx.io/{verb}" for verb in COMMANDS]), REVISIONS | TEXTS
)
OBJECT = some(
    {
        "kind": st.sampled_from(["InferenceModel", "EnsemblePipeline"]),
        "metadata": some({"generation": st.integers(1, 3)}, {"annotations": ANNOTATIONS}),
        "spec": SPEC,
    },
    {"status": STATUS},
)


@given(OBJECT)
def test_the_health_is_always_one_that_argo_cd_knows(body: dict[str, Any]) -> None:
    status, message = health(body)
    assert status in HEALTHS
    assert isinstance(message, str)


@given(OBJECT)
def test_every_offered_action_works_and_its_command_can_be_read(body: dict[str, Any]) -> None:
    before = body["metadata"].get("annotations") or {}
    for action in offered(body):
        after = act(action, body)["metadata"].get("annotations") or {}
        set_now = {key: value for key, value in after.items() if before.get(key) != value}
        assert len(set_now) <= 1, "one command for one button"
        assert len(Commands.read(set_now).values) == len(set_now)
        # A retry or a rollback is bound to one event, which it needs only once.
        assert after != before or action in ("retry", "rollback")
