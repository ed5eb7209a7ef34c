"""A server of Prometheus' queries on loopback, whose answers a test chooses."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Form = Mapping[str, str]
Respond = Callable[[Form], web.Response]


def vector(*rows: tuple[Mapping[str, str], float | str], at: float = 0.0) -> dict[str, Any]:
    """Return the body of an answer with rows of labels and value."""
    result = [{"metric": dict(labels), "value": [at, str(value)]} for labels, value in rows]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def refusal(kind: str, words: str) -> dict[str, Any]:
    """Return the body of an error."""
    return {"status": "error", "errorType": kind, "error": words}


@dataclass
class FakePrometheus:
    """Answers with no rows, until a test sets `respond`."""

    uri: str = ""
    forms: list[Form] = field(default_factory=list)
    """The fields of each request."""

    headers: list[Mapping[str, str]] = field(default_factory=list)
    delay: float = 0.0
    """Seconds before each answer."""

    slow: dict[str, float] = field(default_factory=dict)
    """The same of texts that begin with this word and `_`."""

    at_once: int = 0
    most_at_once: int = 0
    respond: Respond = field(default=lambda _: web.json_response(vector()))

    @property
    def queries(self) -> list[str]:
        """The texts of the requests."""
        return [form["query"] for form in self.forms]

    async def answer(self, request: web.Request) -> web.Response:
        form = {name: str(text) for name, text in (await request.post()).items()}
        self.forms.append(form)
        self.headers.append(dict(request.headers))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.slow.get(form["query"].partition("_")[0], self.delay))
            return self.respond(form)
        finally:
            self.at_once -= 1

    def answer_rows(self, rows: Callable[[str], list[tuple[Mapping[str, str], float]]]) -> None:
        """Answer each text with the rows that the function returns for it."""
        self.respond = lambda form: web.json_response(vector(*rows(form["query"])))

    def answer_status(self, status: int, text: str, **headers: str) -> None:
        """Answer everything so."""
        self.respond = lambda _: web.Response(status=status, text=text, headers=headers)

    def answer_json(self, body: Mapping[str, Any], status: int = 200) -> None:
        """Answer everything so."""
        self.respond = lambda _: web.Response(status=status, text=json.dumps(body))


@asynccontextmanager
async def fake_prometheus() -> AsyncIterator[FakePrometheus]:
    """Serve on a free port of loopback until the end of the block."""
    fake = FakePrometheus()
    app = web.Application()
    for path in ("query", "query_range"):
        app.router.add_post(f"/api/v1/{path}", fake.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    fake.uri = f"http://{host}:{port}"
    try:
        yield fake
    finally:
        await runner.cleanup()
