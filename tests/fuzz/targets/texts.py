"""Readers of JSON and YAML with limits, and what is made of their values."""

from collections.abc import Iterator

from inference_operator.domain.bounded_json import JsonLimits, parse_json
from inference_operator.domain.bounded_yaml import (
    YamlLimits,
    YamlRefusedError,
    parse_yaml_documents,
)
from inference_operator.domain.kubectl_yaml import parse_manifests
from inference_operator.domain.load_report import MAX_BYTES, LoadReport
from inference_operator.domain.repository_plan import PlanError, RepositoryPlan
from tests.bombs import laughs, merges, nested_aliases
from tests.fuzz.mutate import text_mutator
from tests.fuzz.target import OracleError, Target

_JSON = JsonLimits(size=64 << 10)
_YAML = YamlLimits(size=64 << 10, depth=32, nodes=2_000)
_WITH_ALIASES = YamlLimits(size=64 << 10, depth=100, nodes=20_000, repeated=1 << 16)


def _load_report(data: bytes) -> Iterator[str]:
    report = LoadReport.from_json(data.decode("utf-8", "replace"))
    if report is not None:
        again = report.to_json()
        if len(again.encode()) > MAX_BYTES:
            raise OracleError(f"a report of {len(again):,} characters")
    return iter(())


def _repository_plan(data: bytes) -> Iterator[str]:
    plan = RepositoryPlan.from_json(data.decode("utf-8", "replace"))
    if RepositoryPlan.from_json(plan.to_json()) != plan:
        raise OracleError("a plan that is another one when it is read back")
    return iter(())


def _json(data: bytes) -> Iterator[str]:
    try:
        parse_json(data, _JSON)
    except ValueError as error:
        if len(str(error)) > 500:
            raise OracleError(f"a message of {len(str(error)):,} characters") from error
    return iter(())


def _yaml(data: bytes) -> Iterator[str]:
    text = data.decode("utf-8", "replace")
    for limits in (_YAML, _WITH_ALIASES):
        try:
            for _ in parse_yaml_documents(text, "file", limits):
                pass
        except YamlRefusedError as error:
            yield error.at("file")
    for as_printed in (False, True):
        try:
            for _ in parse_manifests(text, "file", _WITH_ALIASES, as_printed=as_printed):
                pass
        except YamlRefusedError as error:
            yield error.at("file")


_REPORTS = (
    b'{"reason":"Resolved","message":"laid out a","models":[{"name":"a","sha256":"0","bytes":1}]}',
    b'{"reason":"ArtifactInvalid","message":"a: spec.model","models":[["a","0",1]]}',
    b'{"reason":"TensorMismatch","message":"a: x","model":"a","problems":[["x","1","2",""]]}',
)
_PLANS = (
    b'{"models":[{"name":"spread","version":1,"format":"onnx","source":{"uri":"https://a/b.onnx",'
    b'"sha256":null},"credentials":null}]}',
    b'{"models":[{"name":"t","version":2,"format":"python","builtin":"tokenizer","source":{"uri":'
    b'"pvc://a/b","sha256":"' + b"0" * 64 + b'"},"credentials":"c"},'
    b'{"name":"e","version":1,"format":"ensemble"}]}',
)
_JSONS = (*_REPORTS, *_PLANS, b'[1.5e3, -0, "\\ud83d\\ude00\\\\", true, null, {"a": []}]')
_YAMLS = (
    laughs(4).encode(),
    merges(3).encode(),
    nested_aliases(12).encode(),
    b"a: {b: [1, 0x1F, 1_0, 2031-05-06, !!set {a}, !!binary aGk=]}\n? [k]\n: |\n  text\n--- x\n",
    b"\"a\\x41\\u263a\": 'it''s'\n- bad\n%YAML 1.1\n# c\n...\n",
)

TARGETS = (
    Target("load-report", _REPORTS, _load_report, text_mutator(_REPORTS), largest=8 << 10),
    Target("repository-plan", _PLANS, _repository_plan, text_mutator(_PLANS), (PlanError,)),
    Target("json", _JSONS, _json, text_mutator(_JSONS), largest=128 << 10),
    Target("yaml", _YAMLS, _yaml, text_mutator(_YAMLS), largest=128 << 10),
)
