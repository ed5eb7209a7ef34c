"""The libraries of each kind of source work in the operator's image, as the init container runs."""

import pytest

from tests.images.test_image_contents import configuration, rootfs, run_as

pytestmark = pytest.mark.integration

ASK = """
import sys
from inference_operator.load.sources.credentials import Secret
from inference_operator.load.transfer.retry import TransientError
from inference_operator.load.sources.select import source_for
uri, *pairs = sys.argv[1:]
values = dict(pair.split("=") for pair in pairs)
try:
    source_for(uri, Secret("store", values), 2.0).get(uri).__enter__()
except TransientError as error:
    print(error)
"""
NOBODY = "endpoint=http://127.0.0.1:9"
KEYS = ("accessKeyId=K", "secretAccessKey=S")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("s3://models/ranker.onnx", NOBODY, *KEYS), "cannot reach S3"),
        (("gs://models/ranker.onnx", NOBODY), "cannot reach Google Cloud Storage"),
        (("https://127.0.0.1:9/ranker.onnx", "token=T"), "cannot reach 127.0.0.1:9"),
    ],
    ids=["s3", "gs", "https"],
)
def test_a_source_is_asked_from_the_image(words: tuple[str, ...], message: str) -> None:
    python = "/opt/operator/bin/python"
    environ = configuration("operator")["Env"]
    done = run_as("1000:1000", rootfs("operator"), *environ, python, "-c", ASK, *words)
    assert done.returncode == 0, done.stderr
    assert message in done.stdout
