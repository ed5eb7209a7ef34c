"""Ways to a forecast: straight to Triton over gRPC, or as JSON to an HTTP server before it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import numpy as np
import tritonclient.grpc.aio as triton

from benchmarks.gateway.questions import Array, Question
from hack.console import StepError

Ask = Callable[[Question], Awaitable[float]]
_OUTPUTS = ("OUTPUT__0", "OUTPUT__1")


class Direct:
    """Calls of NVIDIA's asyncio client to a price model; one row or many."""

    def __init__(self, grpc: str, model: str) -> None:
        self._client, self._model = triton.InferenceServerClient(grpc), model

    async def ask(self, question: Question) -> float:
        """Return the forecast close of one question, divided by the last one."""
        return float((await self.rows(question.bars))[0, 0])

    async def rows(self, bars: Array) -> Array:
        """Return the forecasts [n, 1] of bars [n, 60, 5] from one request."""
        tensor = triton.InferInput("ohlcv", list(bars.shape), "FP32")
        outputs = [triton.InferRequestedOutput(name) for name in _OUTPUTS]
        answer = await self._client.infer(
            self._model, [tensor.set_data_from_numpy(bars)], outputs=outputs
        )
        change: Array = answer.as_numpy(_OUTPUTS[0])
        return change

    async def close(self) -> None:
        await self._client.close()


@dataclass(frozen=True, slots=True)
class Posts:
    """Calls over HTTP with connections that are kept."""

    session: aiohttp.ClientSession
    uri: str

    async def ask(self, question: Question) -> float:
        """Return the forecast close of one question, divided by the last one."""
        answer = await self.post("price", question.body)
        return float(answer["predicted_price"] / question.bars[0, -1, 3])

    async def post(self, kind: str, body: bytes) -> Any:
        """Return the answer of a route. StepError for any other status than 200."""
        headers = {"Content-Type": "application/json"}
        url = f"{self.uri}/api/v1/predict/{kind}"
        async with self.session.post(url, data=body, headers=headers) as answer:
            if answer.status != 200:
                raise StepError(f"{url}: {answer.status} {await answer.text()}", "read its log")
            return await answer.json()


async def check_equal(ways: dict[str, Ask], question: Question) -> None:
    """Raise StepError unless all ways give the same forecast to 1e-4."""
    answers = {name: await ask(question) for name, ask in ways.items()}
    if np.ptp(list(answers.values())) > 1e-4:
        raise StepError(f"the ways differ: {answers}", "compare the tensors that they send")
