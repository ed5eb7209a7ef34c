"""Log lines of the gateway as people start it: JSON, with the request's id, and without secrets."""

import socket
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.integration.gateway.processes import gateway_process, until

pytestmark = pytest.mark.integration
KEY, SYMBOL, TEXT = "a-key-of-the-desk", "SECRETSYMBOL", "words that nobody may read"
FIELDS = {"time", "level", "logger", "process", "message"}


def test_each_line_is_json_and_tells_no_secret(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    scopes = "predict,features:write,metrics:read"
    keys.write_text(f"desk {sha256(KEY.encode()).hexdigest()} {scopes}\n")
    # Nobody is at the models' address.
    settings = {
        "auth": {"mode": "api_keys", "keys_file": str(keys)},
        "triton": {"targets": {"triton": {"address": "127.0.0.1:9"}}, "timeout": 0.5},
    }
    with gateway_process(tmp_path, settings) as gateway:
        headers = {"authorization": f"Bearer {KEY}", "x-request-id": "mine-1"}
        with httpx.Client(base_url=gateway.url, headers=headers, trust_env=False) as client:
            body = {"symbol": SYMBOL, "news_text": TEXT, "ohlcv_data": [[1.0] * 5]}
            assert client.post("/api/v1/predict/ensemble", json=body).status_code == 422
            text = {"text": TEXT}
            assert client.post("/api/v1/predict/sentiment", json=text).status_code == 503
            assert client.get(f"/api/v1/features/{SYMBOL}").status_code == 404
            other = {"authorization": f"Bearer {KEY}2"}
            assert client.get("/api/v1/models", headers=other).status_code == 401
        # uvicorn itself refuses this, and logs it.
        address = ("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(f"NO {SYMBOL} {KEY}\r\n\r\n".encode())
            assert b"400" in connection.recv(100)
        keys.write_text(f"{KEY}\n")
        until(lambda: gateway.get("/api/v1/models").status_code == 401)
    lines, content = gateway.lines(), gateway.log.read_text()
    errors = gateway.log.with_suffix(".errors").read_text()

    assert all(line.keys() >= FIELDS for line in lines)
    assert {"uvicorn.error", "serving.gateway.requests"} <= {line["logger"] for line in lines}
    assert any("Invalid HTTP request" in line["message"] for line in lines)
    requests = {line["route"]: line for line in lines if line.get("request_id") == "mine-1"}
    assert requests["/api/v1/predict/sentiment"]["code"] == 503
    assert requests["/api/v1/predict/sentiment"]["reason"] == "ModelNotReady"
    assert requests["/api/v1/features/{symbol}"]["code"] == 404
    for secret in (KEY, SYMBOL, TEXT):
        assert secret not in content
        assert secret not in errors
