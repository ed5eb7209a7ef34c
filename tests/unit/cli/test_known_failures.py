"""Wrong files for `plan`, `render`, `graph` and `import`: each is answered with a sentence."""

from pathlib import Path

import pytest

from inference_operator.cli.main import main

HEAD = "apiVersion: inference.aipx.io/v1alpha1\nkind: InferenceModel\n"
GOOD = '{source: {uri: "https://h/a.onnx"}, format: onnx}'
NAMED = "metadata: {name: a}\n"
VALUES = [
    "1" * 5000,
    f"0x{'f' * 5000}",
    *(".inf", "-.inf", ".nan", "1e999", "2020-01-01", "1:99", "0o9", "yes", "null", "[1]"),
    *("!!binary aGk=", "!!set {a, b}", "!!omap [a: 1]", "!!int abc", "!!float abc", "!!bool abc"),
    *("!foo bar", "!!python/object:os.system {}", "!!timestamp 9999-99-99"),
    *('"\\ud800"', '"\\e[2J\\n\\u202e"', "{" * 3000),
]
FIELDS = {
    "a number": "spec: {model: {source: {uri: 'https://h/a'}, format: onnx, maxBatchSize: %s}}",
    "a format": "spec: {model: {source: {uri: 'https://h/a.onnx'}, format: %s}}",
    "an address": "spec: {model: {source: {uri: %s}, format: onnx}}",
    "a quantity": f"spec: {{model: {GOOD}, resources: {{limits: {{cpu: %s}}}}}}",
    "a duration": f"spec: {{model: {GOOD}, triton: {{dynamicBatching: {{maxQueueDelay: %s}}}}}}",
    "a map": f"spec: {{model: {GOOD}, placement: %s}}",
    "a label": f"spec: {{model: {GOOD}, placement: {{nodeSelector: {{a: %s}}}}}}",
    "overrides": f"spec: {{model: {GOOD}, triton: {{configOverrides: %s}}}}",
    "an unknown field": f"spec: {{model: {GOOD}, %s: 1}}",
    "the spec": "spec: %s",
}


def answer(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """Return the output; SystemExit or an exception of its own would be a failure."""
    status = main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert status in (0, 1, 2)
    assert all(line.isprintable() for line in (out + err).split("\n"))
    assert "unexpected" not in err
    assert "docs/api.md" not in err
    return out + err


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value[:20]))
@pytest.mark.parametrize("field", FIELDS)
def test_every_value_of_yaml_is_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str, value: str
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(HEAD + NAMED + FIELDS[field] % value)

    assert answer(capsys, "plan", "-f", file)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value[:20]))
def test_every_value_for_a_pipeline_is_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    file = tmp_path / "a.yaml"
    head = HEAD.replace("InferenceModel", "EnsemblePipeline") + NAMED
    for spec in (value, f"{{steps: [{value}]}}", f"{{steps: [{{modelRef: {value}}}]}}"):
        file.write_text(f"{head}spec: {spec}")
        assert answer(capsys, "graph", "-f", file)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value[:20]))
@pytest.mark.parametrize(
    "head",
    [
        "apiVersion: %s\nkind: InferenceModel\nmetadata: {name: a}",
        "apiVersion: inference.aipx.io/v1alpha1\nkind: %s\nmetadata: {name: a}",
        HEAD + "metadata: %s",
        HEAD + "metadata: {name: %s}",
        HEAD + "metadata: {name: a, namespace: %s}",
        HEAD + "metadata: {name: a, labels: %s}",
        "%s",
    ],
)
def test_every_value_of_a_head_is_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], head: str, value: str
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(f"{head % value}\nspec: {{model: {GOOD}}}")

    assert answer(capsys, "render", "-f", file)


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"a: \xe9", b"a: \x00", b"a: [", b"", b"\x1b"])
def test_bytes_that_are_no_manifest_are_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(data)

    assert str(file) in answer(capsys, "plan", "-f", file)


@pytest.mark.parametrize("name", ["x" * 300, "\0", "\udcff", "a\x1b[2J\nb", "/proc/self/mem"])
def test_a_file_that_cannot_be_read_is_answered(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert "cannot be read" in answer(capsys, "plan", "-f", name)


CONFIGS = {
    "no UTF-8": b'name: "\xff"',
    "half a character": b'parameters { key: "a" value { string_value: "\\ud800" } }',
    "escapes": b'parameters { key: "\\033[2J" value { string_value: "\\n\\342\\200\\256" } }',
    "a tensor with escapes": b'input { name: "\\033[2J\\n" data_type: TYPE_FP32 dims: 1 }',
    "a number": b"max_batch_size: 0x" + b"f" * 9000,
    "levels": b"sequence_batching { oldest { " * 3000,
    "a version": b"ensemble_scheduling { step { model_version: 99999999999999999999 } }",
    "a name": b'name: "\\033[2J\\n"',
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("folder", ["m", "a\x1b[2J\nb", "\udcff", "n" * 250])
def test_every_repository_is_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: bytes, folder: str
) -> None:
    version = tmp_path / folder / "1"
    version.mkdir(parents=True)
    (tmp_path / folder / "config.pbtxt").write_bytes(b'platform: "onnxruntime_onnx" ' + config)
    (version / "model.onnx").write_bytes(b"x")

    assert answer(capsys, "import", tmp_path, "--source-prefix", "https://h/x")


@pytest.mark.parametrize("link", ["config.pbtxt", "1/model.onnx", "1"])
def test_a_link_to_itself_is_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], link: str
) -> None:
    (tmp_path / "m").mkdir()
    if link.startswith("1/"):
        (tmp_path / "m" / "1").mkdir()
    if link != "config.pbtxt":
        (tmp_path / "m" / "config.pbtxt").write_bytes(b'platform: "onnxruntime_onnx"')
    path = tmp_path / "m" / link
    path.symlink_to(path.name)

    assert answer(capsys, "import", tmp_path, "--source-prefix", "https://h/x")
