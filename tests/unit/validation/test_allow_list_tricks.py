"""Values that a list allows are read the same way by container runtimes and clients."""

import re
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.workload import TaintEffect, Toleration, TolerationOperator
from inference_operator.domain.accelerator import Taint, tolerates
from inference_operator.domain.allow_lists import (
    allows_image,
    allows_source,
    allows_toleration,
)

_ODD = "\u212a\u3002\uff0e\u0430\u00df"
_OF_HOSTS = "models evil .example.com example.com .com . :443 :8443 @ %2e # ? \\ [ ] * - A"
_OF_IMAGES = "nvcr.io nvidia evil / / // .. . : @ * - _ A %2f :1 :5000"


def _spoiled(good: str, parts: str, *others: str) -> st.SearchStrategy[str]:
    """Return an allowed text with parts inserted at any place."""
    part = st.sampled_from([*parts.split(), *_ODD, *others])
    edits = st.lists(st.tuples(st.integers(0, len(good)), part), max_size=3)

    def apply(drawn: list[tuple[int, str]]) -> str:
        text = good
        for place, added in drawn:
            text = f"{text[:place]}{added}{text[place:]}"
        return text

    return edits.map(apply)


AUTHORITY = _spoiled("models.example.com", _OF_HOSTS)
IMAGE = _spoiled("nvcr.io/nvidia/triton", _OF_IMAGES, f"@sha256:{'a' * 64}")


@given(AUTHORITY)
def test_a_source_that_is_allowed_leads_to_an_allowed_host(authority: str) -> None:
    uri = f"https://{authority}/model.onnx"
    if allows_source(("*.example.com",), uri):
        address = urlsplit(uri)
        assert address.hostname is not None
        assert re.fullmatch(r"([a-z0-9-]+\.)+example\.com", address.hostname, re.ASCII)
        assert address.port in (None, 443)
        assert address.username is None


def _pulled(image: str) -> tuple[str, str]:
    """Return registry and repository as container runtimes do (distribution/reference)."""
    name = image.partition("@")[0]
    head, slash, rest = name.partition("/")
    is_host = slash and ("." in head or ":" in head or head == "localhost" or head != head.lower())
    host, path = (head, rest) if is_host else ("docker.io", name)
    folder, slash, last = path.rpartition("/")
    return host, f"{folder}{slash}{last.partition(':')[0]}"


@given(IMAGE)
def test_an_image_that_is_allowed_is_pulled_from_the_allowed_path(image: str) -> None:
    if allows_image(("nvcr.io/nvidia/*",), image):
        host, path = _pulled(image)
        assert host == "nvcr.io"
        assert path.startswith("nvidia/")
        assert not {"", ".", ".."} & set(path.split("/"))


def _toleration(
    key: str | None, operator: TolerationOperator | None, value: str | None, effect: str | None
) -> Toleration:
    exists = operator == TolerationOperator.EXISTS or not key
    given = {
        "key": key,
        "operator": "Exists" if exists else operator,
        "value": None if exists else value,
        "effect": effect,
    }
    return Toleration.model_validate({k: v for k, v in given.items() if v is not None})


TOLERATION = st.builds(
    _toleration,
    key=st.sampled_from([None, "", "spot", "gpu", "*"]),
    operator=st.sampled_from([None, *TolerationOperator]),
    value=st.sampled_from([None, "", "a"]),
    effect=st.sampled_from([None, *TaintEffect]),
)
TAINTS = [
    Taint(key, value, effect)
    for key in ("spot", "gpu", "control-plane")
    for value in ("", "a", "b")
    for effect in ("NoSchedule", "NoExecute")
]


@given(TOLERATION)
def test_a_toleration_that_is_allowed_reaches_only_taints_of_the_list(
    toleration: Toleration,
) -> None:
    """`spot:NoSchedule` and `gpu=a`, as the scheduler reads tolerations."""
    if allows_toleration(("spot:NoSchedule", "gpu=a"), toleration):
        for taint in TAINTS:
            named = (taint.key, taint.effect) == ("spot", "NoSchedule")
            named = named or (taint.key, taint.value) == ("gpu", "a")
            assert named or not tolerates((toleration,), taint)
