"""Which fields of a config.pbtxt name files, and which of their forms stay the model's own."""

from collections.abc import Iterator
from typing import Any

import pytest

from inference_operator.resources.volumes import MODELS_PATH
from model_builders.config import parse_pbtxt
from model_builders.config_files import ENTRIES, FIELDS, MOST_PROBLEMS, Place, misplaced
from model_builders.file_names import MODELS
from model_builders.protobuf import model_config_pb2
from tests.unit.model_builders.config_files_cases import (
    NAMES_FILE_IN_MAP,
    NAMES_NO_FILE,
    OTHERS,
    OWN,
    library,
    output,
    parameter,
)

LSTM = Place(7, "lstm")


def problems(text: str, place: Place = LSTM) -> list[str]:
    return [str(problem) for problem in misplaced(parse_pbtxt(text), place)]


def text_fields(descriptor: Any, seen: set[str]) -> Iterator[str]:
    """Every field of the message and of those in it that holds text or bytes."""
    if descriptor.full_name in seen:
        return
    seen.add(descriptor.full_name)
    for field in descriptor.fields:
        if field.message_type is not None:
            yield from text_fields(field.message_type, seen)
        elif field.type in (field.TYPE_STRING, field.TYPE_BYTES):
            yield field.full_name.removeprefix("inference.")


def test_every_text_field_of_the_schema_is_known_to_name_a_file_or_not() -> None:
    schema = sorted(text_fields(model_config_pb2.ModelConfig.DESCRIPTOR, set()))
    fields = [name.removeprefix("inference.") for name in FIELDS]
    assert schema == sorted([*fields, *NAMES_FILE_IN_MAP, *NAMES_NO_FILE])


def test_every_rule_for_the_entries_of_a_map_is_for_a_map_of_the_schema() -> None:
    assert len(ENTRIES) == len({name.rpartition(".")[0] for name in NAMES_FILE_IN_MAP})


@pytest.mark.parametrize("text", OWN.values(), ids=OWN.keys())
def test_a_model_may_name(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(("text", "field"), OTHERS.values(), ids=OTHERS.keys())
def test_no_model_may_name(text: str, field: str) -> None:
    (problem,) = misplaced(parse_pbtxt(text), LSTM)
    assert problem.path == field
    assert problem.remedy
    assert str(problem).isprintable()
    assert len(str(problem)) < 600


def test_an_ensemble_has_no_files() -> None:
    assert len(problems(output("12/labels.txt"), Place(None, "lstm"))) == 1
    assert len(problems(library("/models/lstm/12/x.so"), Place(None, "lstm"))) == 1
    assert problems(library("/opt/x.so"), Place(None, "lstm")) == []


def test_a_name_that_is_not_known_yet_may_be_any_models() -> None:
    assert problems(library("/models/fx/7/x.so"), Place(7)) == []
    assert len(problems(library("/models/fx/8/x.so"), Place(7))) == 1


def test_all_problems_are_told_at_once() -> None:
    text = f'default_model_filename: "../x" {parameter("EXECUTION_ENV_PATH", "x")}'
    assert len(problems(text)) == 2


def test_thousands_of_files_make_a_few_sentences() -> None:
    assert len(problems(library('x.so" op_library_filename: "' * 3000))) == MOST_PROBLEMS


def test_the_message_has_field_value_requirement_and_remedy() -> None:
    assert problems('default_model_filename: "../../fx/1/model.onnx"') == [
        'default_model_filename: found "../../fx/1/model.onnx", expected one file name of at most'
        " 255 letters, digits, '.', '_' and '-', which starts with a letter, digit or '_'; name a"
        " file in the artifact's folder without the folder"
    ]
    assert problems(library("operations.so")) == [
        'model_operations.op_library_filename[0]: found "operations.so", expected an absolute path'
        " of the image, or of this model's own artifact in /models/lstm/7; add it to the image or"
        " to the artifact, as /models/lstm/7/FILE"
    ]


def test_the_repository_is_where_the_pod_mounts_it() -> None:
    assert MODELS == MODELS_PATH
