"""An API server that serves one kind by a script, to a real Kopf."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GROUP, VERSION, PLURAL = "inference.aipx.io", "v1alpha1", "inferencemodels"
MODELS = f"/apis/{GROUP}/{VERSION}/{PLURAL}"
Answer = int | list[str]
"""A status code of a refusal; or the items of a list, the lines of a watch."""


class ScriptedApiServer(ThreadingHTTPServer):
    """Each list and each watch takes the next answer of the script. When `watches` is empty, a
    watch stays open and sends nothing.

    It has a thread of its own: at its end, Kopf cancels every task of the event loop that is
    younger than itself.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lists: list[Answer] = []
        self.watches: list[Answer] = []
        self.patches: list[str] = []
        self.queries: list[str] = []
        self.end = threading.Event()

    @property
    def address(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> "ScriptedApiServer":
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedApiServer

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path in _DISCOVERY:
            self._send(200, json.dumps(_DISCOVERY[path]))
        elif path != MODELS:
            self._refuse(404)
        elif "watch=true" in query:
            self._watch()
        else:
            self.server.queries.append(query)
            self._list()

    def do_PATCH(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.patches.append(self.rfile.read(length).decode())
        self._refuse(404)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    def _list(self) -> None:
        answer = self.server.lists.pop(0)
        if isinstance(answer, int):
            self._refuse(answer)
        else:
            items = ",".join(answer)
            meta = '{"resourceVersion":"9","continue":""}'
            self._send(200, f'{{"kind":"InferenceModelList","items":[{items}],"metadata":{meta}}}')

    def _watch(self) -> None:
        answer = self.server.watches.pop(0) if self.server.watches else None
        if isinstance(answer, int):
            self._refuse(answer)
            return
        self.send_response(200)
        self.end_headers()
        for line in answer or ():
            self.wfile.write(line.encode() + b"\n")
        if answer is None:
            self.server.end.wait(60)

    def _refuse(self, status: int) -> None:
        self._send(status, json.dumps({"kind": "Status", "code": status, "message": "scripted"}))

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


def _resources(**kinds: str) -> dict[str, Any]:
    verbs = ["list", "watch", "patch"]
    rest = {"namespaced": True, "verbs": verbs}
    names = [{"name": n, "kind": k, "singularName": k.lower(), **rest} for n, k in kinds.items()]
    return {"resources": names}


def _group(name: str, version: str) -> dict[str, Any]:
    only = {"version": version, "groupVersion": f"{name}/{version}"}
    return {"name": name, "versions": [only], "preferredVersion": only}


_EXTENSIONS = "apiextensions.k8s.io"
_DISCOVERY: dict[str, Any] = {
    "/api": {"versions": ["v1"]},
    "/api/v1": _resources(namespaces="Namespace", events="Event"),
    "/apis": {"groups": [_group(_EXTENSIONS, "v1"), _group(GROUP, VERSION)]},
    f"/apis/{_EXTENSIONS}/v1": _resources(customresourcedefinitions="CustomResourceDefinition"),
    f"/apis/{GROUP}/{VERSION}": _resources(inferencemodels="InferenceModel"),
}
