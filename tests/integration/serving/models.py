"""Small models with the tensors of the shipped ones, for a Triton that clients ask."""

from pathlib import Path

MAX_BATCH = 8
HEAD = "import json, time\nimport numpy as np\nimport triton_python_backend_utils as pb\n"
MODEL = """
class TritonPythonModel:
    def execute(self, requests):
        return [self.answered(request) for request in requests]

    def answered(self, request):
        arrays = {t.name(): t.as_numpy() for t in request.inputs()}
        try:
            outputs = answer(**arrays)
        except ValueError as error:
            return pb.InferenceResponse([], pb.TritonError(str(error)))
        asked = request.requested_output_names()
        return pb.InferenceResponse(
            [pb.Tensor(name, value) for name, value in outputs.items() if name in asked]
        )
"""
# The change is that of the window, a tenth of it; bars that cannot be read are NaN.
PRICE = """
def answer(ohlcv):
    close = ohlcv[:, :, 3]
    change = 1 + (close[:, -1:] / close[:, :1] - 1) / 10
    return {
        "OUTPUT__0": change.astype(np.float32),
        "OUTPUT__1": np.concatenate([change * 0.98, change * 1.03], 1).astype(np.float32),
    }
"""
SENTIMENT = """
def answer(input_ids, attention_mask):
    tokens = (input_ids * attention_mask).sum(1, keepdims=True)
    score = ((tokens % 2001) / 1000 - 1).astype(np.float32)
    return {"score__0": score, "confidence__1": 0.5 + np.abs(score) / 2, "spread__2": score * 0 + 1}
"""
ENSEMBLE = """
def answer(ohlcv, text):
    close, rows = ohlcv[:, :, 3], len(ohlcv)
    change = (1 + (close[:, -1:] / close[:, :1] - 1) / 20).astype(np.float32)
    length = np.array([[len(row[0])] for row in text], np.float32)
    problem = np.array([["" if np.isfinite(row[0]) else "bars: row 3 is nan"] for row in change])
    return {
        "price": change,
        "score": np.where(length > 0, np.tanh(length / 50), np.nan).astype(np.float32),
        "confidence": np.where(np.isnan(change), change, np.float32(0.75)),
        "problem": problem.astype(np.object_),
        "price_alone": change * np.float32(0.99),
    }
"""
SLOW = """
def answer(seconds):
    time.sleep(float(seconds.max()))
    return {"slept": seconds}
"""
FAILING = """
def answer(value):
    raise ValueError(f"value: found {value.ravel()[0]:g}, expected none")
"""

Tensors = dict[str, tuple[str, tuple[int, ...]]]
PRICE_OUT: Tensors = {"OUTPUT__0": ("FP32", (1,)), "OUTPUT__1": ("FP32", (2,))}
MODELS: dict[str, tuple[str, Tensors, Tensors]] = {
    "lstm_price_predictor": (PRICE, {"ohlcv": ("FP32", (60, 5))}, PRICE_OUT),
    "sentiment_transformer": (
        SENTIMENT,
        {"input_ids": ("INT64", (-1,)), "attention_mask": ("INT64", (-1,))},
        {"score__0": ("FP32", (1,)), "confidence__1": ("FP32", (1,)), "spread__2": ("FP32", (1,))},
    ),
    "ensemble_predictor": (
        ENSEMBLE,
        {"ohlcv": ("FP64", (-1, 5)), "text": ("STRING", (1,))},
        {
            "price": ("FP32", (1,)),
            "score": ("FP32", (1,)),
            "confidence": ("FP32", (1,)),
            "problem": ("STRING", (1,)),
            "price_alone": ("FP32", (1,)),
        },
    ),
    "slow": (SLOW, {"seconds": ("FP32", (1,))}, {"slept": ("FP32", (1,))}),
    "failing": (FAILING, {"value": ("FP32", (1,))}, {"never": ("FP32", (1,))}),
}


def lay_out(repository: Path, names: tuple[str, ...] = tuple(MODELS), version: int = 3) -> Path:
    """Write models into a repository; returns it."""
    for name in names:
        code, inputs, outputs = MODELS[name]
        folder = repository / name / str(version)
        folder.mkdir(parents=True)
        (folder / "model.py").write_text(HEAD + code + MODEL)
        (folder.parent / "config.pbtxt").write_text(
            f'name: "{name}"\nbackend: "python"\nmax_batch_size: {MAX_BATCH}\n'
            f"version_policy: {{ all {{}} }}\n"
            + _declared("input", inputs)
            + _declared("output", outputs)
        )
    return repository


def _declared(word: str, tensors: Tensors) -> str:
    return "".join(
        f'{word} {{ name: "{name}" data_type: TYPE_{kind} dims: {list(dims)} }}\n'
        for name, (kind, dims) in tensors.items()
    )
