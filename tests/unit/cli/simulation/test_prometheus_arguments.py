"""Arguments of `simulate rollout --from-prometheus`, and what is refused before it asks."""

from pathlib import Path

import pytest

from inference_operator.cli.main import main
from inference_operator.domain.kubectl_yaml import write_manifests
from tests.unit.cli.simulation.traces import model

# Nothing listens on loopback's port 9.
NOBODY = "http://127.0.0.1:9"


def call(folder: Path, words: tuple[str, ...], name: str = "fx-drift") -> int:
    manifest = folder / "model.yaml"
    body = model()
    body["metadata"]["name"] = name
    manifest.write_text(write_manifests([body]))
    return main(["simulate", "rollout", "-f", str(manifest), *words])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "does not answer: Cannot connect to host 127.0.0.1:9"),
        (("--since", "25h"), "--since: found 90000s, expected 4 to 10,000 times --resolution"),
        (("--since", "3m"), "--since: found 180s, expected 4 to 10,000 times --resolution"),
        (("--resolution", "1s"), "--resolution: found 1s, expected whole seconds, from 5s to 900s"),
        (("--at", "noon"), '--at: found "noon", expected a time with its zone'),
        (("--at", "2026-12-01T09:30:00"), "expected a time with its zone"),
        (("--selector", "a b"), "--selector: found"),
        (("--pod-label", "namespace"), "--pod-label: found"),
        (("--username", "x"), "--password-file: found"),
        (
            ("--bearer-token-file", "no.txt"),
            "--bearer-token-file: the file cannot be read: No such",
        ),
        (("--ca-file", "no.pem"), "--ca-file: the file cannot be read: No such file"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    words: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = call(tmp_path, ("--from-prometheus", NOBODY, *words))
    out, err = capsys.readouterr()

    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize("url", ["", "ftp://x", "http://user:secret@x", "http://x/y?z=1"])
def test_an_address_that_the_operator_would_refuse_is_refused(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = call(tmp_path, ("--from-prometheus", url))
    err = capsys.readouterr().err

    assert status == 2
    assert "expected an address such as http://prometheus.monitoring:9090" in err
    assert "secret" not in err


def test_a_name_that_kubernetes_cuts_in_the_names_of_pods_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = call(tmp_path, ("--from-prometheus", NOBODY), name="n" * 47)

    assert status == 2
    assert "expected a name of at most 46 characters" in capsys.readouterr().err


def test_a_trace_is_saved_only_where_one_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = call(tmp_path, ("--metrics", "a.csv", "--save-trace", "b.csv"))

    assert status == 2
    assert "--save-trace: found without --from-prometheus" in capsys.readouterr().err
