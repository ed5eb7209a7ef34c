"""A real S3 server (SeaweedFS) on loopback, with a reader of one bucket and an administrator."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from hack.services import server_process

from .conftest import Authority

BUCKET = "models"
READER = {"accessKeyId": "READER", "secretAccessKey": "reader-secret"}
STRANGER = {"accessKeyId": "STRANGER", "secretAccessKey": "stranger-secret"}
_PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
    "s3.port.https",
)


@dataclass(frozen=True)
class ObjectStore:
    """Its two addresses, and a client of its administrator."""

    endpoint: str
    tls_endpoint: str
    admin: Any

    def put(self, key: str, content: bytes) -> str:
        self.admin.put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"s3://{BUCKET}/{key}"


@contextmanager
def object_store(folder: Path, authority: Authority) -> Iterator[ObjectStore]:
    """Up for as long as the context; its data are below `folder`."""
    ports = dict(zip(_PORTS, server_process.free_ports(len(_PORTS)), strict=True))
    (folder / "s3.json").write_text(json.dumps({"identities": [_reader(), _admin()]}))
    command = [str(Path(sys.executable).with_name("weed")), "server", "-filer", "-s3"]
    command += [f"-{name}={port}" for name, port in ports.items()]
    command += [f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-volume.max=8"]
    command += [f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += [f"-s3.cert.file={authority.certificate}", f"-s3.key.file={authority.key}"]
    server = server_process.start("SeaweedFS", command, folder / "log")
    try:
        store = _store(ports)
        server_process.await_answer(lambda: _takes_objects(store), server, seconds=60)
        yield store
    finally:
        server.kill()


def _reader() -> dict[str, Any]:
    keys = {"accessKey": READER["accessKeyId"], "secretKey": READER["secretAccessKey"]}
    actions = [f"Read:{BUCKET}", f"List:{BUCKET}"]
    return {"name": "reader", "credentials": [keys], "actions": actions}


def _admin() -> dict[str, Any]:
    keys = {"accessKey": "ADMIN", "secretKey": "admin-secret"}
    return {"name": "admin", "credentials": [keys], "actions": ["Admin", "Read", "Write", "List"]}


def _store(ports: dict[str, int]) -> ObjectStore:
    endpoint = f"http://127.0.0.1:{ports['s3.port']}"
    admin = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="ADMIN",
        aws_secret_access_key="admin-secret",
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    return ObjectStore(endpoint, f"https://127.0.0.1:{ports['s3.port.https']}", admin)


def _takes_objects(store: ObjectStore) -> bool:
    """Return whether an object can be written: then its volume server has joined, too."""
    with suppress(BotoCoreError, ClientError):
        store.admin.create_bucket(Bucket=BUCKET)
    with suppress(BotoCoreError, ClientError):
        store.put("ready", b"x")
        return True
    return False
