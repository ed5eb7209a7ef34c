"""Settings of the gateway from a file and from variables; each problem is a sentence."""

from pathlib import Path

import pytest

from serving.settings.loading import SettingsError, load

GOOD = """
environment: local
inference: {batch_size: 16, cache_ttl: 5m}
triton:
  targets:
    price: {address: "lstm-headless.trading.svc:8001"}
routes:
  price: {target: price, model: lstm_price_predictor}
  sentiment: null
  ensemble: null
"""


def test_a_file_is_read_and_variables_are_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(GOOD)
    monkeypatch.setenv("CONFIG_PATH", str(file))
    monkeypatch.setenv("SERVING_INFERENCE__BATCH_SIZE", "8")
    settings = load()

    assert settings.inference.batch_size == 8
    assert settings.inference.cache_ttl == 300.0
    assert settings.routes.sentiment is None
    assert settings.triton.targets["price"].address == "lstm-headless.trading.svc:8001"


def test_without_a_file_the_defaults_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONFIG_PATH", raising=False)

    assert load().server.port == 8005


BAD = {
    "no YAML": ("a: [", "found no YAML"),
    "a list": ("- a", "found ['a'], expected sections by name"),
    "an unknown section": ("inferences: {}", "inferences: found an unknown key"),
    "an unknown key": ("inference: {batch: 4}", "inference.batch: found an unknown key"),
    "a wrong type": ("inference: {batch_size: many}", "inference.batch_size: found 'many'"),
    "too small": ("inference: {batch_size: 0}", "inference.batch_size: found 0"),
    "an unreadable duration": ("inference: {cache_ttl: soon}", "inference.cache_ttl: found 'soon'"),
    "a port that is none": ("server: {port: 70000}", "server.port: found 70000"),
    "a target that is none": (
        "routes: {price: {target: other}}",
        "routes.price.target: found other",
    ),
    "open to all": (
        "{environment: prod, server: {host: 0.0.0.0}}",
        "server.host: found 0.0.0.0, expected 127.0.0.1",
    ),
    "keys without a file": ("auth: {mode: api_keys}", "auth.keys_file: found nothing"),
    "tokens without an audience": ("auth: {mode: jwt}", "auth: found mode jwt"),
    "keys over plain HTTP": (
        "{environment: dev, auth: {mode: jwt, audience: a, jwks_url: 'http://id.example/keys'}}",
        "auth.jwks_url: found http://id.example/keys, expected https://",
    ),
    "a rate that is none": ("limits: {rate: fast}", "limits.rate: found 'fast'"),
    "one half of TLS": ("server: {key_file: a.pem}", "server: found one TLS file"),
    "an address without a port": (
        "triton: {targets: {triton: {address: triton}}}",
        "triton.targets.triton.address: found 'triton'",
    ),
    "no targets": ("triton: {targets: {}}", "triton.targets: found {}"),
    "a share above one": ("triton: {retry_share: 2}", "triton.retry_share: found 2"),
    "a policy that is none": ("lag: {stale: maybe}", "lag.stale"),
    "no bucket": ("storage: {cache_dir: 'gs://B'}", "storage.cache_dir: found 'gs://B'"),
    "a folder of another kind": ("storage: {cache_dir: 's3://a/b'}", "expected a path of this"),
    "no folder": ("mlflow: {model_registry: ' '}", "mlflow.model_registry: found ' '"),
    "no web address": ("mlflow: {tracking_uri: 'mlflow:5000'}", "expected http://HOST:PORT"),
    "a time before now": ("inference: {cache_ttl: -1}", "inference.cache_ttl: found -1"),
    "a time of years": ("monitoring: {metrics_window: 400d}", "at most 366 days"),
    "a time that is a truth": ("triton: {timeout: true}", "triton.timeout: found True"),
    "a unit that is none": ("triton: {timeout: 5 parsecs}", "expected numbers with units"),
    "a share of more than all": (
        "monitoring: {alert_threshold: 1.5}",
        "monitoring.alert_threshold: found 1.5",
    ),
    "a database of no kind": ("database: {type: postgres}", "'duckdb', 'bigquery'"),
    "half a database": ("database: {type: bigquery, project: dev}", "database.bigquery.dataset"),
    "an environment in capitals": ("environment: PROD", "environment: found 'PROD'"),
    "a misspelt key of a target": (
        "triton: {targets: {triton: {adress: 'a:1'}}}",
        "triton.targets.triton.adress: found an unknown key",
    ),
    "a protocol that is none": (
        "triton: {targets: {triton: {protocol: udp}}}",
        "triton.targets.triton.protocol: found 'udp'",
    ),
    "a balance that is none": (
        "triton: {targets: {triton: {balance: random}}}",
        "triton.targets.triton.balance: found 'random'",
    ),
    "an address with a scheme": (
        "triton: {targets: {triton: {address: 'http://triton:8000'}}}",
        "expected HOST:PORT without a scheme",
    ),
    "authorities without TLS": (
        "triton: {targets: {triton: {ca_file: a.pem}}}",
        "found ca_file without TLS, expected tls: true",
    ),
    "a list with a name": (
        "triton: {targets: {triton: {address: 'ipv4:1.2.3.4:1,b:2'}}}",
        "expected ipv4:IP:PORT,IP:PORT",
    ),
    "two sources of keys": (
        "auth: {mode: jwt, audience: a, jwks_url: 'https://a', jwks_file: b}",
        "one of jwks_url and jwks_file",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_has_a_sentence_for_its_problem(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, words = BAD[name]
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    monkeypatch.setenv("CONFIG_PATH", str(file))
    with pytest.raises(SettingsError) as caught:
        load()

    assert any(words in problem for problem in caught.value.problems), caught.value.problems


def test_all_problems_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("{inference: {batch_size: 0}, server: {port: 0}}")
    monkeypatch.setenv("CONFIG_PATH", str(file))
    with pytest.raises(SettingsError) as caught:
        load()

    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("SERVING_INFERENC__BATCH_SIZE", "did you mean inference?"),
        ("SERVING_XYZ", "sections are"),
    ],
)
def test_a_variable_of_no_section_is_refused(
    variable: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(SettingsError, match=variable) as caught:
        load()
    assert words in str(caught.value)


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIG_PATH", "/nowhere/settings.yaml")
    with pytest.raises(SettingsError, match="No such file"):
        load()
