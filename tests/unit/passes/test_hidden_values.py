"""No message about a spec shows what may be a password or a signed address in it.

Conditions, decisions, Events and what `inference-operator plan` prints, for every place of a spec
where people write such a value, also in the wrong form.
"""

from dataclasses import replace
from typing import Any

import pytest

from inference_operator.api.validate import InvalidResourceError, parse
from inference_operator.domain.allow_lists import AllowLists
from inference_operator.observation.observe import observe, unresolved
from inference_operator.observation.store import Store
from inference_operator.planning.planner import plan
from inference_operator.planning.status.explain import explain
from inference_operator.validation.defaults import Defaults
from tests.api_cases.bad_manifests import GOOD, changed
from tests.fakes.bodies import LOADER_IMAGE, TRITON_IMAGE, stored
from tests.fuzz.passes import NOW, key_of, passed

MARK = "hunter2"
SIGNED = f"https://store.example.com/m.onnx?sig={MARK}"
DEFAULTS = Defaults(TRITON_IMAGE, LOADER_IMAGE)
STRICT = replace(
    DEFAULTS, allowed=AllowLists(images=("r.example/*",), source_hosts=("models.example.org",))
)


def one_env(**fields: Any) -> dict[str, Any]:
    return {"spec.triton.env": [{"name": "PASSWORD", **fields}]}


def overrides(text: str) -> dict[str, Any]:
    return {"spec.triton.configOverrides": text}


CHANGES: dict[str, dict[str, Any]] = {
    "env as a map": {"spec.triton.env": {"PASSWORD": MARK}},
    "env as text": {"spec.triton.env": [f"PASSWORD={MARK}"]},
    "a value in the name of env": {"spec.triton.env": [{"name": f"PASSWORD={MARK}", "value": "x"}]},
    "a list as a value of env": one_env(value=[MARK]),
    "a map as a value of env": one_env(value={"a": MARK}),
    "half a character in env": one_env(value=f"{MARK}\ud800"),
    "text as valueFrom": one_env(valueFrom=MARK),
    "text as secretKeyRef": one_env(valueFrom={"secretKeyRef": MARK}),
    "a value in secretKeyRef": one_env(valueFrom={"secretKeyRef": {"name": "a", "value": MARK}}),
    "value and valueFrom": one_env(
        value=MARK, valueFrom={"secretKeyRef": {"name": "a", "key": "x"}}
    ),
    "an unknown field of env": one_env(valu=MARK),
    "env twice": {"spec.triton.env": [{"name": "A", "value": MARK}] * 2},
    "arguments as text": {"spec.triton.extraArgs": f"--password={MARK}"},
    "arguments as a map": {"spec.triton.extraArgs": {"--password": MARK}},
    "an argument with one dash": {"spec.triton.extraArgs": [f"-password={MARK}"]},
    "an argument without a dash": {"spec.triton.extraArgs": [MARK]},
    "an argument of the operator's": {
        "spec.triton.extraArgs": [f"--cache-config=redis,password={MARK}"]
    },
    "an argument as a map": {"spec.triton.extraArgs": [{"--password": MARK}]},
    "an argument as a list": {"spec.triton.extraArgs": [["--password", MARK]]},
    "an argument of two lines": {"spec.triton.extraArgs": [f"--password={MARK}\nx"]},
    "parameters as a list": {"spec.triton.parameters": [{"token": MARK}]},
    "a list as a parameter": {"spec.triton.parameters": {"token": [MARK]}},
    "parameters as text": {"spec.triton.parameters": f"token={MARK}"},
    "overrides as a map": {"spec.triton.configOverrides": {"a": MARK}},
    "overrides without a quote": overrides(f'parameters {{ key: "{MARK} }}'),
    "overrides without quotes": overrides(
        f'parameters {{ key: "a" value {{ string_value: {MARK} }} }}'
    ),
    "overrides with text for a number": overrides(f'max_batch_size: "{MARK}"'),
    "overrides against a parameter": {
        **overrides(f'parameters {{ key: "a" value {{ string_value: "{MARK}" }} }}'),
        "spec.triton.parameters": {"a": "b"},
    },
    "a parameter that overrides contradict": {
        **overrides('parameters { key: "a" value { string_value: "b" } }'),
        "spec.triton.parameters": {"a": MARK},
    },
    "a signed uri": {"spec.model.source.uri": SIGNED},
    "a signed uri with a line feed": {"spec.model.source.uri": f"{SIGNED}\nx"},
    "a signed uri in a list": {"spec.model.source.uri": [SIGNED]},
    "a signed uri as a source": {"spec.model.source": SIGNED},
    "a signed uri in a list of sources": {"spec.model.source": [{"uri": SIGNED}]},
    "a signed uri as a model": {"spec.model": SIGNED},
    "a password as a model": {"spec.model": f"https://u:{MARK}@h/x"},
    "models as a list": {"spec.model": [{"source": {"uri": SIGNED}}]},
    "triton as a list": {"spec.triton": [{"env": [{"name": "A", "value": MARK}]}]},
    "a spec as text": {"spec": SIGNED},
    "a spec as a list": {"spec": [{"uri": SIGNED}]},
    "another scheme": {"spec.model.source.uri": f"http://h/x?sig={MARK}"},
    "a password without a scheme": {"spec.model.source.uri": f"u:{MARK}@h/x"},
    "a password for https": {"spec.model.source.uri": f"https://u:{MARK}@h/x"},
    "a password for models": {"spec.model.source.uri": f"models://u:{MARK}@h/x"},
    "a query for models": {"spec.model.source.uri": f"models:/x?sig={MARK}"},
    "a fragment for models": {"spec.model.source.uri": f"models:/x#{MARK}"},
    "a Secret's value as its name": {"spec.model.source.secretRef": {"name": f"u:{MARK}"}},
    "a Secret as text": {"spec.model.source.secretRef": MARK},
    "a password in secretRef": {"spec.model.source.secretRef": {"name": "x", "password": MARK}},
    "a signed uri as a digest": {"spec.model.source.sha256": SIGNED},
    "pull secrets as a map": {"spec.imagePullSecrets": {"password": MARK}},
    "pull secrets as text": {"spec.imagePullSecrets": [f"u:{MARK}"]},
    "a password in an image": {"spec.triton.image": f"U:{MARK}@reg.io/x"},
    "a password in an allowed form of image": {"spec.triton.image": f"u:{MARK}@reg.io/x"},
    "a token in an image": {"spec.triton.image": f"reg.io/x?token={MARK} x"},
    "an image as a map": {"spec.triton.image": {"password": MARK}},
    "a signed uri as a format": {"spec.model.format": SIGNED},
    "a signed uri as an accelerator": {"spec.accelerator": [SIGNED]},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_message_shows_what_may_be_a_password(change: dict[str, Any]) -> None:
    body = changed({"metadata.namespace": "trading", **change}, GOOD)
    assert MARK in str(body)
    texts = list(passed(body))
    for defaults in (DEFAULTS, STRICT):
        store = Store()
        store.put(body["kind"], stored(body))
        seen = observe(store, key_of(body), unresolved)
        assert seen is not None
        made = plan(seen, defaults, NOW)
        invalid = made.assessment.invalid
        texts += [explain(made), invalid.message if invalid else ""]
    assert texts
    assert not [message for message in texts if MARK in message]


@pytest.mark.parametrize("value", [12345, 1.5])
def test_a_number_as_a_value_of_env_is_not_shown(value: float) -> None:
    with pytest.raises(InvalidResourceError) as caught:
        parse(changed(one_env(value=value)))
    assert str(caught.value) == (
        "spec.triton.env[0].value: found a number (not shown: it may hold a password), expected a"
        " string; put it in quotes"
    )


def test_a_kind_is_shown_without_its_query() -> None:
    with pytest.raises(InvalidResourceError) as caught:
        parse(changed({"kind": SIGNED}))
    assert MARK not in str(caught.value)
