"""The plan and the report that the operator and the init container exchange."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.api.builtin import Builtin
from inference_operator.api.model import ModelFormat
from inference_operator.api.reasons import Reason
from inference_operator.domain.load_report import MAX_BYTES, LoadedModel, LoadReport
from inference_operator.domain.repository_plan import (
    BUILTINS,
    ArtifactFormat,
    PlanError,
    PlannedModel,
    RepositoryPlan,
)

LSTM = PlannedModel(
    "lstm", 7, ArtifactFormat.TORCHSCRIPT, "https://models.test/lstm.pt", "a" * 64, "store"
)
TEXT = PlannedModel("sentiment", 1, ArtifactFormat.ONNX, "pvc://weights/sentiment")
AVERAGE = PlannedModel("average", 1, ArtifactFormat.PYTHON, builtin="weightedAverage")
WORDS = PlannedModel(
    "words", 1, ArtifactFormat.PYTHON, "s3://words/vocab.txt", "c" * 64, builtin="tokenizer"
)
TRADING = PlannedModel("trading", 12, ArtifactFormat.ENSEMBLE)


def test_a_plan_survives_its_json() -> None:
    plan = RepositoryPlan((LSTM, TEXT, AVERAGE, WORDS, TRADING))
    assert RepositoryPlan.from_json(plan.to_json()) == plan


def test_the_json_has_the_shape_that_the_loader_documents() -> None:
    assert json.loads(RepositoryPlan((LSTM,)).to_json()) == {
        "models": [
            {
                "name": "lstm",
                "version": 7,
                "format": "torchscript",
                "source": {"uri": "https://models.test/lstm.pt", "sha256": "a" * 64},
                "credentials": "store",
            }
        ]
    }


def test_a_plan_of_models_alone_is_written_as_it_was_before_there_were_ensembles() -> None:
    assert RepositoryPlan((TEXT,)).to_json() == (
        '{\n  "models": [\n    {\n      "name": "sentiment",\n      "version": 1,\n'
        '      "format": "onnx",\n      "source": {\n'
        '        "uri": "pvc://weights/sentiment",\n        "sha256": null\n      },\n'
        '      "credentials": null\n    }\n  ]\n}\n'
    )


def test_what_has_no_artifact_has_no_source() -> None:
    models = json.loads(RepositoryPlan((AVERAGE, TRADING)).to_json())["models"]
    assert models == [
        {"name": "average", "version": 1, "format": "python", "builtin": "weightedAverage"},
        {"name": "trading", "version": 12, "format": "ensemble"},
    ]


@pytest.mark.parametrize(
    ("model", "claim"), [(TEXT, "weights"), (LSTM, None), (WORDS, None), (TRADING, None)]
)
def test_a_claim_is_known_by_its_uri(model: PlannedModel, claim: str | None) -> None:
    assert model.claim == claim


def test_built_in_steps_are_those_of_the_api() -> None:
    fields = (field.alias for field in Builtin.model_fields.values())
    assert sorted(BUILTINS) == sorted(str(alias) for alias in fields)


def test_formats_are_those_of_the_api() -> None:
    assert [f.value for f in ArtifactFormat] == [*(f.value for f in ModelFormat), "ensemble"]


def _edited(of: PlannedModel = LSTM, /, **changes: object) -> str:
    item = {**json.loads(RepositoryPlan((of,)).to_json())["models"][0], **changes}
    return json.dumps({"models": [item]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "list `models`"),
        ('{"models": []}', "list `models`"),
        ('{"models": [3]}', "models[0]"),
        ('{"models": [{"name": "x"}]}', "models[0]"),
        (_edited(name="../etc"), "models[0].name: found '../etc'"),
        (_edited(name=""), "models[0].name: found ''"),
        (_edited(name="."), "models[0].name: found '.'"),
        (_edited(name=".load-lstm"), "models[0].name: found '.load-lstm'"),
        (_edited(name="lstm/1"), "models[0].name: found 'lstm/1'"),
        (_edited(name="lstm\\1"), "models[0].name: found"),
        (_edited(name="lstm\n"), "models[0].name: found"),
        (_edited(name="\ufb01x"), "models[0].name: found"),
        (_edited(name="a" * 241), "models[0].name: found"),
        ("[" * 100_000, "more than 32 levels of nesting"),
        (_edited(credentials="a" * 254), "models[0].credentials: found"),
        (_edited(version=-1), "models[0].version: found -1"),
        (_edited(version=2**63), "models[0].version: found 9223372036854775808"),
        (_edited(version=0), "models[0].version: found 0"),
        (_edited(version=True), "models[0].version: found True"),
        (_edited(version="1"), "models[0].version: found '1'"),
        (_edited(format="keras"), "one of torchscript, onnx, tensorrt, python, custom"),
        (_edited(source={"uri": "ftp://x/y"}), "models[0].source.uri: found 'ftp://x/y'"),
        (_edited(source={"uri": "https://x/y", "sha256": "AB"}), "64 lower-case"),
        (_edited(credentials="../../root"), "models[0].credentials"),
        (_edited(credentials=7), "models[0].credentials: found 7, expected a string"),
        (_edited(source=None), "models[0].source.uri: found None, expected an address"),
        (_edited(source="s3://x/y"), "models[0]: missing or of the wrong type"),
        (_edited(builtin="tokenizer"), "models[0].format: found 'torchscript', expected python"),
        (_edited(AVERAGE, builtin="average"), "models[0].builtin: found 'average', expected one"),
        (_edited(AVERAGE, builtin=7), "models[0].builtin: found 7, expected a string"),
        (_edited(AVERAGE, source={"uri": "s3://x/y"}), "expected null for a built-in step"),
        (_edited(AVERAGE, credentials="store"), "models[0].credentials: found 'store', expected"),
        (_edited(WORDS, source={"uri": "words"}), "models[0].source.uri: found 'words', expected"),
        (_edited(TRADING, source={"uri": "s3://x/y"}), "expected null for an ensemble"),
        (_edited(TRADING, builtin="tokenizer"), "models[0].format: found 'ensemble'"),
    ],
)
def test_a_bad_plan_is_refused_with_its_field(text: str, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        RepositoryPlan.from_json(text)
    assert message in str(caught.value)


def test_the_longest_names_of_the_api_are_taken() -> None:
    longest = replace(LSTM, name="a" * 240, version=2**63 - 1, credentials="b" * 253)
    assert RepositoryPlan.from_json(RepositoryPlan((longest,)).to_json()).models == (longest,)


def test_a_very_long_value_makes_a_short_message() -> None:
    with pytest.raises(PlanError) as caught:
        RepositoryPlan.from_json(_edited(name="a" * 500_000))
    assert len(str(caught.value)) < 500


def test_two_models_cannot_share_a_name() -> None:
    with pytest.raises(PlanError, match="unique"):
        RepositoryPlan.from_json(RepositoryPlan((LSTM, LSTM)).to_json())


def test_two_models_cannot_have_names_that_differ_by_case_only() -> None:
    upper = replace(LSTM, name="LSTM")
    with pytest.raises(PlanError, match="more than upper and lower case"):
        RepositoryPlan.from_json(RepositoryPlan((LSTM, upper)).to_json())


def test_a_report_survives_its_json() -> None:
    report = LoadReport(Reason.RESOLVED, "1 model", (LoadedModel("lstm", "b" * 64, 123),))
    assert LoadReport.from_json(report.to_json()) == report
    assert report.succeeded


@given(st.text(max_size=9000), st.integers(0, 120))
def test_a_report_always_fits_the_termination_log(message: str, count: int) -> None:
    models = tuple(LoadedModel(f"model-{n}", "c" * 64, n) for n in range(count))
    text = LoadReport(Reason.FETCH_FAILED, message, models).to_json()
    assert len(text.encode()) <= MAX_BYTES
    back = LoadReport.from_json(text)
    assert back is not None
    assert back.reason is Reason.FETCH_FAILED


def test_a_report_holds_the_digests_of_a_whole_pipeline() -> None:
    models = tuple(LoadedModel(f"predictor-of-many-shares-{n}", "c" * 64, 9**n) for n in range(20))
    report = LoadReport(Reason.RESOLVED, "x" * 900, models)
    back = LoadReport.from_json(report.to_json())
    assert back is not None
    assert back.models == models


def test_a_report_that_cannot_hold_all_keeps_the_first_digests() -> None:
    models = tuple(LoadedModel(f"{'predictor' * 20}-{n}", "c" * 64, n) for n in range(32))
    back = LoadReport.from_json(LoadReport(Reason.RESOLVED, "laid out", models).to_json())
    assert back is not None
    assert 10 < len(back.models) < 32
    assert back.models == models[: len(back.models)]


@given(st.text() | st.none())
def test_garbage_on_the_termination_log_is_no_report(text: str | None) -> None:
    LoadReport.from_json(text)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "Killed",
        "[]",
        "3",
        "null",
        '{"reason":"Resolved"}',
        '{"reason":"Nonsense","message":"x"}',
        '{"reason":["Resolved"],"message":"x"}',
        '{"reason":"Resolved","message":7}',
        '{"reason":"Resolved","message":"x","models":[{"name":"lstm"}]}',
        '{"reason":"Resolved","message":"x","models":7}',
        '{"reason":"Resolved","message":"x","models":[["lstm","aa"]]}',
        '{"reason":"DigestMismatch","message":"cut in the mid',
    ],
)
def test_what_is_no_report_reads_as_none(text: str | None) -> None:
    assert LoadReport.from_json(text) is None


def test_a_plan_or_report_of_a_thousand_levels_is_refused_with_a_sentence() -> None:
    deep = '{"models": ' + "[" * 1000 + "]" * 1000 + "}"
    with pytest.raises(PlanError, match=r"^plan.json: found more than 32 levels of nesting"):
        RepositoryPlan.from_json(deep)
    assert LoadReport.from_json(deep) is None
