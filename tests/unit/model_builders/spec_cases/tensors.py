"""Specs with sound tensors, and specs with wrong shapes, types, flags or names of tensors."""

from inference_operator.api.inference_model import InferenceModelSpec
from tests.unit.model_builders.specs import GPU, PRICE, WINDOW, onnx, overrides, spec, tensors

RAGGED = [{**WINDOW, "allowRaggedBatch": True}]

SOUND: dict[str, InferenceModelSpec] = {
    "the plain LSTM": spec(),
    "an ONNX model that leaves its tensors to its graph": spec(
        model_changes=onnx(inputs=None, outputs=None)
    ),
    "a scalar output in a batch": spec(model_changes={"outputs": [{**PRICE, "reshape": []}]}),
    "a reshape that keeps its pieces between variable dimensions": spec(
        model_changes={"inputs": [{**WINDOW, "shape": [2, 4, -1, 6], "reshape": [8, -1, 1, 6]}]}
    ),
    "inputs named by forward's arguments": spec(
        model_changes={"inputs": tensors("window", "mask")}
    ),
    "a dictionary of tensors": spec(model_changes={"inputs": tensors("batch(window)")}),
    "several results by index, in any order": spec(
        model_changes={"outputs": tensors("LOW__1", "HIGH__0")}
    ),
    "outputs in the order of the list": spec(model_changes={"outputs": tensors("low", "high")}),
    "TorchScript names with spaces, in the order of the list": spec(
        model_changes={"inputs": tensors("Use Chip", "Merchant City")}
    ),
    "only optional inputs": spec(model_changes={"inputs": [{**WINDOW, "optional": True}]}),
    "ragged inputs in a dynamic batch": spec(
        model_changes={"inputs": RAGGED}, triton={"dynamicBatching": {}}
    ),
    "ragged inputs in a sequence batch": spec(
        model_changes={"inputs": RAGGED}, triton=overrides("sequence_batching { oldest { } }")
    ),
    "bfloat16 for ONNX in a newer image": spec(
        model_changes=onnx(outputs=[{**PRICE, "dataType": "BF16"}]),
        triton={"image": "registry.example/tritonserver:26.03-py3"},
    ),
    "bfloat16 for ONNX in an image whose release is not in its name": spec(
        model_changes=onnx(outputs=[{**PRICE, "dataType": "BF16"}]),
        triton={"image": "registry.example/triton:stable"},
    ),
    "an optional input of an ONNX model without batches": spec(
        model_changes=onnx(inputs=[WINDOW, *tensors("MASK__1", optional=True)], maxBatchSize=0)
    ),
    "one optional input of two": spec(
        model_changes={"inputs": [WINDOW, *tensors("MASK__1", optional=True)]}
    ),
}

BAD: dict[str, tuple[InferenceModelSpec, str]] = {
    "a scalar without a batch": (
        spec(model_changes={"outputs": [{**PRICE, "reshape": []}], "maxBatchSize": 0}),
        "spec.model.outputs[0].reshape: found [] with maxBatchSize 0, expected at least one"
        " dimension; a model without a batch dimension has no scalars: write reshape: [1] or"
        " remove it",
    ),
    "a reshape to another size": (
        spec(model_changes={"inputs": [{**WINDOW, "reshape": [60, 6]}]}),
        "spec.model.inputs[0].reshape: found [60, 6] for shape [60, 5], expected the same number"
        " of elements, with as many -1; between two -1 the products of the dimensions must be"
        " equal",
    ),
    "a reshape of a variable dimension to a fixed one": (
        spec(model_changes={"inputs": [{**WINDOW, "shape": [-1, 5], "reshape": [300]}]}),
        "spec.model.inputs[0].reshape: found [300] for shape [-1, 5], expected the same number"
        " of elements, with as many -1; between two -1 the products of the dimensions must be"
        " equal",
    ),
    "an unsigned type for TorchScript": (
        spec(model_changes={"inputs": [{**WINDOW, "dataType": "UINT32"}]}),
        "spec.model.inputs[0].dataType: found UINT32, which Triton's torchscript backend cannot"
        " take, expected one of BOOL, UINT8, INT8, INT16, INT32, INT64, FP16, FP32, FP64,"
        " STRING; convert in the model, or in a python model before it",
    ),
    "bfloat16 for ONNX": (
        spec(model_changes=onnx(outputs=[{**PRICE, "dataType": "BF16"}])),
        "spec.model.outputs[0].dataType: found BF16, which Triton's onnx backend cannot take"
        " before 26.03, expected one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32,"
        " INT64, FP16, FP32, FP64, STRING; set triton.image to a release from 26.03, or convert in"
        " the model, or in a python model before it",
    ),
    "bfloat16 for TorchScript": (
        spec(model_changes={"inputs": [{**WINDOW, "dataType": "BF16"}]}),
        "spec.model.inputs[0].dataType: found BF16, which Triton's torchscript backend cannot take,"
        " expected one of BOOL, UINT8, INT8, INT16, INT32, INT64, FP16, FP32, FP64, STRING; convert"
        " in the model, or in a python model before it",
    ),
    "strings for TensorRT": (
        spec(
            model_changes={"format": "tensorrt", "inputs": [{**WINDOW, "dataType": "STRING"}]},
            **GPU,
        ),
        "spec.model.inputs[0].dataType: found STRING, which Triton's tensorrt backend cannot"
        " take, expected one of BOOL, UINT8, INT8, INT32, INT64, FP16, FP32, BF16; convert in the"
        " model, or in a python model before it",
    ),
    "a batch of strings for TorchScript": (
        spec(model_changes={"inputs": [{**WINDOW, "shape": [1], "dataType": "STRING"}]}),
        "spec.model.inputs[0].dataType: found STRING of 2 dimensions, the batch's included,"
        " expected STRING of one dimension: TorchScript models take strings as a flat list; with"
        " maxBatchSize of 1 or more write shape: [1] with reshape: []",
    ),
    "ragged inputs without a batch dimension": (
        spec(model_changes={"inputs": RAGGED, "maxBatchSize": 0}),
        "spec.model.inputs[0].allowRaggedBatch: found true with maxBatchSize 0, expected"
        " maxBatchSize of 1 or more: only batches can be ragged; set model.maxBatchSize and"
        " triton.dynamicBatching, or remove it",
    ),
    "ragged inputs without batching": (
        spec(model_changes={"inputs": RAGGED}),
        "spec.model.inputs[0].allowRaggedBatch: found true without batching, expected"
        " triton.dynamicBatching: requests share a batch only there; add triton.dynamicBatching,"
        " or remove it",
    ),
    "an optional input of a TensorRT engine": (
        spec(
            model_changes={
                "format": "tensorrt",
                "inputs": [WINDOW, *tensors("MASK__1", optional=True)],
            },
            **GPU,
        ),
        "spec.model.inputs[1].optional: found true for a tensorrt model, expected false: a"
        " TensorRT engine runs with all of its inputs; remove optional",
    ),
    "an optional input of an ONNX model with batches": (
        spec(model_changes=onnx(inputs=[WINDOW, *tensors("MASK__1", optional=True)])),
        "spec.model.inputs[1].optional: found true for an onnx model with batches, expected false:"
        " ONNX Runtime's backend takes optional inputs only without batches; remove optional, or"
        " set model.maxBatchSize to 0",
    ),
    "TorchScript names of two kinds": (
        spec(model_changes={"inputs": tensors("WINDOW__0", "mask")}),
        'spec.model.inputs[1].name: found "mask" without an index, expected NAME__0 to NAME__1,'
        " each index once; name all of them by index, or none: mixed, Triton ignores the names",
    ),
    "an index twice": (
        spec(model_changes={"outputs": tensors("LOW__0", "HIGH__0")}),
        'spec.model.outputs[1].name: found "HIGH__0" beside "LOW__0", expected NAME__0 to'
        " NAME__1, each index once; index 0 is taken: use another",
    ),
    "an index that leaves a gap": (
        spec(model_changes={"outputs": tensors("LOW__0", "HIGH__2")}),
        'spec.model.outputs[1].name: found "HIGH__2" among 2 tensors, expected NAME__0 to'
        " NAME__1, each index once; the index is the position in forward's arguments or results,"
        " from 0",
    ),
    "a name with a space among arguments": (
        spec(model_changes={"inputs": tensors("window", "Use Chip")}),
        'spec.model.inputs[1].name: found "Use Chip", expected the name of an argument of'
        " forward, or NAME__INDEX; rename it, such as to INPUT__1",
    ),
    "a name that no argument can have": (
        spec(model_changes={"inputs": tensors("price-window")}),
        'spec.model.inputs[0].name: found "price-window", expected the name of an argument of'
        " forward, or NAME__INDEX; rename it, such as to INPUT__0",
    ),
}
