"""Configurations of batch inputs and outputs."""

from tests.unit.model_builders.triton_config_table.row import Accepted, Judge, Refused


def batch_input(text: str) -> str:
    return f"batch_input {{ {text} }}"


def batch_output(text: str) -> str:
    return f"batch_output {{ kind: BATCH_SCATTER_WITH_INPUT_SHAPE {text} }}"


_KIND = 'kind: BATCH_ELEMENT_COUNT target_name: "n"'

REFUSED: dict[str, Refused] = {
    "a batch input without a source": Refused(
        batch_input(f"{_KIND} data_type: TYPE_INT32"),
        at="batch_input[0].source_input",
        says="expects 1 source input, got 0",
    ),
    "a batch input of two sources": Refused(
        batch_input(f'{_KIND} data_type: TYPE_INT32 source_input: ["X", "X"]'),
        at="batch_input[0].source_input",
        says="expects 1 source input, got 2",
    ),
    "a batch input of an unknown source": Refused(
        batch_input(f'{_KIND} data_type: TYPE_INT32 source_input: "nope"'),
        at="batch_input[0].source_input",
        says="unknown source input name 'nope'",
    ),
    "a batch input of an output": Refused(
        batch_input(f'{_KIND} data_type: TYPE_INT32 source_input: "Y"'),
        at="batch_input[0].source_input",
        says="unknown source input name 'Y'",
    ),
    "a batch input of another kind without a source": Refused(
        batch_input('kind: BATCH_ITEM_SHAPE target_name: "n" data_type: TYPE_INT32'),
        at="batch_input[0].source_input",
        says="expects 1 source input, got 0",
    ),
    "a batch input of whole 64-bit numbers": Refused(
        batch_input(f'{_KIND} data_type: TYPE_INT64 source_input: "X"'),
        at="batch_input[0].data_type",
        says="must be TYPE_INT32 or TYPE_FP32",
    ),
    "a batch input without a type": Refused(
        batch_input(f'{_KIND} source_input: "X"'),
        at="batch_input[0].data_type",
        says="must be TYPE_INT32 or TYPE_FP32",
    ),
    "the second of two batch inputs": Refused(
        batch_input(f'{_KIND} data_type: TYPE_FP32 source_input: "X"')
        + batch_input(f'{_KIND} data_type: TYPE_FP16 source_input: "X"'),
        at="batch_input[1].data_type",
        says="must be TYPE_INT32 or TYPE_FP32",
    ),
    "a batch output without a source": Refused(
        batch_output('target_name: "Y"'),
        at="batch_output[0].source_input",
        says="expects 1 source input, got 0",
    ),
    "a batch output of an unknown source": Refused(
        batch_output('target_name: "Y" source_input: "Z"'),
        at="batch_output[0].source_input",
        says="unknown source input name 'Z'",
    ),
    "a batch output for an unknown output": Refused(
        batch_output('target_name: "X" source_input: "X"'),
        at="batch_output[0].target_name",
        says="unknown target output name 'X'",
    ),
    "a batch output for one output twice": Refused(
        batch_output('target_name: ["Y", "Y"] source_input: "X"'),
        at="batch_output[0].target_name",
        says="target output name 'Y' can only be specified once",
    ),
    "a batch output for no output": Refused(
        batch_output('source_input: "X"'),
        at="batch_output[0].target_name",
        judge=Judge.DEATH,
    ),
}

ACCEPTED: dict[str, Accepted] = {
    "a count of elements": Accepted(
        batch_input(f'{_KIND} data_type: TYPE_INT32 source_input: "X"')
    ),
    "a shape of items as numbers with a point": Accepted(
        batch_input(
            'kind: BATCH_ITEM_SHAPE target_name: "n" data_type: TYPE_FP32 source_input: "X"'
        )
    ),
    "a batch output": Accepted(batch_output('target_name: "Y" source_input: "X"')),
}
