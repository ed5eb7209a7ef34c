"""The problems of specs that the API admits and Triton would not serve."""

import pytest

from inference_operator.api.inference_model import InferenceModelSpec
from model_builders.checks import check
from tests.unit.model_builders.joined_tables import joined
from tests.unit.model_builders.spec_cases import (
    acceleration,
    batching,
    files,
    merged,
    server,
    tensors,
    warmup,
)
from tests.unit.model_builders.specs import WINDOW, overrides, spec

SOUND: dict[str, InferenceModelSpec] = joined(
    tensors.SOUND,
    batching.SOUND,
    acceleration.SOUND,
    warmup.SOUND,
    server.SOUND,
    files.SOUND,
    merged.SOUND,
)
BAD: dict[str, tuple[InferenceModelSpec, str]] = joined(
    tensors.BAD,
    batching.BAD,
    acceleration.BAD,
    warmup.BAD,
    server.BAD,
    files.BAD,
    merged.BAD,
)


@pytest.mark.parametrize("sound", SOUND.values(), ids=SOUND.keys())
def test_nothing_is_said_about(sound: InferenceModelSpec) -> None:
    assert check(sound) == []


@pytest.mark.parametrize(("bad", "sentence"), BAD.values(), ids=BAD.keys())
def test_one_sentence_is_said_about(bad: InferenceModelSpec, sentence: str) -> None:
    assert [str(problem) for problem in check(bad)] == [sentence]


def test_all_problems_are_said_at_once_and_in_the_order_of_the_fields() -> None:
    bad = spec(
        model_changes={"inputs": [{**WINDOW, "reshape": [60, 6]}]},
        triton={"extraArgs": ["--cache-directory=/tmp"], **overrides("max_batch_size: 4")},
    )
    assert [problem.path for problem in check(bad)] == [
        "spec.model.inputs[0].reshape",
        "spec.triton.extraArgs[0]",
        "spec.triton.configOverrides: max_batch_size",
    ]


def test_the_served_version_is_the_one_that_counts() -> None:
    later = spec(triton={"versionPolicy": {"specific": {"versions": [7]}}})
    assert check(later, version=7) == []


def test_the_files_of_an_artifact_lie_in_the_folder_of_the_version_that_is_served() -> None:
    labels = spec(triton=overrides('output { name: "PRICE__0" label_filename: "7/labels.txt" }'))
    assert check(labels, version=7) == []
    assert len(check(labels, version=8)) == 1


def test_a_file_of_another_model_is_told_from_ones_own_by_the_name_in_triton() -> None:
    text = 'model_operations { op_library_filename: "/models/fx/1/ops.so" }'
    assert check(spec(triton=overrides(text)), name="fx") == []
    assert len(check(spec(triton=overrides(text)), name="lstm")) == 1
    named = spec(model_changes={"name": "lstm"}, triton=overrides(text))
    assert [str(problem) for problem in check(named)] == [
        "spec.triton.configOverrides: model_operations.op_library_filename[0]: found"
        ' "/models/fx/1/ops.so", expected an absolute path of the image, or of this model\'s own'
        " artifact in /models/lstm/1; add it to the image or to the artifact, as"
        " /models/lstm/1/FILE"
    ]
