"""A FastAPI program in front of Triton as people write it: no cache, lag, retries or records."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import tritonclient.grpc.aio as triton
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from tritonclient.utils import InferenceServerException

MODEL = os.environ.get("MODEL", "lstm-price-predictor")
clients: list[triton.InferenceServerClient] = []


class Question(BaseModel):
    """Bars of a symbol: open, high, low, close, volume."""

    symbol: str
    ohlcv_data: list[list[float]]


class Forecast(BaseModel):
    """The next close."""

    symbol: str
    predicted_price: float
    lower: float
    upper: float


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    clients.append(triton.InferenceServerClient(os.environ["TRITON"]))
    yield
    await clients.pop().close()


app = FastAPI(lifespan=lifespan)


@app.get("/ready")
async def ready() -> bool:
    return bool(await clients[0].is_model_ready(MODEL))


@app.post("/api/v1/predict/price")
async def predict_price(question: Question) -> Forecast:
    bars = np.array([question.ohlcv_data], np.float32)
    if bars.shape != (1, 60, 5):
        raise HTTPException(422, "expected 60 bars of 5 numbers")
    tensor = triton.InferInput("ohlcv", list(bars.shape), "FP32").set_data_from_numpy(bars)
    try:
        answer = await clients[0].infer(MODEL, [tensor])
    except InferenceServerException as error:
        raise HTTPException(502, str(error)) from error
    last = float(bars[0, -1, 3])
    change = float(answer.as_numpy("OUTPUT__0")[0, 0])
    lower, upper = (last * float(each) for each in answer.as_numpy("OUTPUT__1")[0])
    return Forecast(symbol=question.symbol, predicted_price=last * change, lower=lower, upper=upper)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
