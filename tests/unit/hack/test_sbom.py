"""The document of a lock lists its packages, no others, with the digests of the lock."""

import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import hack.uv
from hack import sbom
from hack.console import StepError, run

LOCK = f"""\
flask-cors==6.0.5 \\
    --hash=sha256:{"a" * 64} \\
    --hash=sha256:{"b" * 64}
    # via -r requirements.in
google-crc32c==1.9.0 ; python_version >= '3.11' \\
    --hash=sha256:{"c" * 64}
"""


def locked_wheel(folder: Path, digest: str | None = None) -> Path:
    """Write a wheel with one program, and a lock of it that asks no index."""
    name = "demo-1.0-py3-none-any.whl"
    files = {
        "demo.py": "def main():\n    print('it runs')\n",
        "demo-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
        "demo-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n"
        "Root-Is-Purelib: true\nGenerator: test\n",
        "demo-1.0.dist-info/entry_points.txt": "[console_scripts]\ndemo = demo:main\n",
        "demo-1.0.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(folder / name, "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    if digest is None:
        digest = sha256((folder / name).read_bytes()).hexdigest()
    lock = folder / "lock.txt"
    hashed = f" --hash=sha256:{digest}" if digest else ""
    lock.write_text(f"--no-index\n--find-links {folder}\ndemo==1.0{hashed}\n")
    return lock


def document(**versions: str) -> dict[str, Any]:
    names = ((name.replace("_", "."), version) for name, version in versions.items())
    return {
        "metadata": {},
        "components": [
            {
                "name": name,
                "version": version,
                "externalReferences": [{"type": "website", "url": "https://a.example"}],
            }
            for name, version in names
        ],
    }


def test_a_lock_is_read_with_all_its_digests() -> None:
    assert sbom.locked(LOCK) == {
        "flask-cors": ("6.0.5", ("a" * 64, "b" * 64)),
        "google-crc32c": ("1.9.0", ("c" * 64,)),
    }


def test_names_are_compared_as_indexes_do() -> None:
    made = sbom.with_hashes(document(Flask_Cors="6.0.5", google_crc32c="1.9.0"), LOCK)

    website, distribution = made["components"][0]["externalReferences"]
    assert website["type"] == "website"
    assert distribution["url"] == "pkg:pypi/flask-cors@6.0.5"
    assert [digest["content"] for digest in distribution["hashes"]] == ["a" * 64, "b" * 64]


@pytest.mark.parametrize(
    "there",
    [
        {"flask_cors": "6.0.5"},
        {"flask_cors": "6.0.5", "google_crc32c": "1.9.1"},
        {"flask_cors": "6.0.5", "google_crc32c": "1.9.0", "pip": "26.3"},
    ],
    ids=["one is missing", "another version", "one too many"],
)
def test_a_document_of_other_packages_is_an_error(there: dict[str, str]) -> None:
    with pytest.raises(StepError, match="expected the packages of the lock"):
        sbom.with_hashes(document(**there), LOCK)


@pytest.mark.parametrize("name", sbom.LOCKS)
def test_each_package_of_a_lock_has_a_digest(name: str) -> None:
    packages = sbom.locked(sbom.LOCKS[name].read_text("utf-8"))
    lines = sbom.LOCKS[name].read_text("utf-8").splitlines()
    assert len(packages) == sum(line[:1].isalnum() for line in lines)
    assert all(digests for _, digests in packages.values())


def test_the_tools_are_locked_too() -> None:
    tools = sbom.locked(sbom.TOOLS.read_text("utf-8"))
    assert {"cyclonedx-bom", "pip-audit"} <= tools.keys()
    assert all(digests for _, digests in tools.values())


def test_a_tool_that_fails_is_a_step_that_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sbom, "cache_root", lambda: tmp_path)
    monkeypatch.setattr(sbom, "uv", lambda: "false")
    with pytest.raises(StepError):
        sbom.audit()


def test_tools_come_from_the_cache_after_the_first_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lock = locked_wheel(tmp_path)
    monkeypatch.setattr(sbom, "cache_root", lambda: tmp_path / "cache")
    made = sbom.tools(lock)
    monkeypatch.setattr(sbom, "uv", lambda: "false")

    assert sbom.tools(lock) == made
    assert run([made / "bin" / "demo"], remedy="none") == "it runs\n"
    assert [*(tmp_path / "cache").iterdir()] == [made]


@pytest.mark.parametrize(
    ("digest", "words"),
    [("0" * 64, "Hash mismatch"), ("", "--require-hashes")],
    ids=["another digest", "no digest"],
)
def test_tools_with_another_digest_than_in_the_lock_are_not_installed(
    digest: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sbom, "cache_root", lambda: tmp_path / "cache")

    with pytest.raises(StepError, match=words):
        sbom.tools(locked_wheel(tmp_path, digest))
    assert [*(tmp_path / "cache").iterdir()] == []


def test_uv_is_installed_only_with_the_digest_of_its_lock(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="DO NOT MATCH THE HASHES"):
        hack.uv._fill(hack.uv.uv().with_name("python"), locked_wheel(tmp_path, "0" * 64))


def test_uv_has_a_lock_with_digests() -> None:
    (version, digests) = sbom.locked(hack.uv.LOCK.read_text("utf-8"))["uv"]
    assert hack.uv._version() == version
    assert digests


def test_every_file_with_digests_is_audited(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lock = locked_wheel(tmp_path).rename(tmp_path / "pinned.txt").read_text("utf-8")
    for path in ("hack/images/new/server.txt", ".venv/lib/a.txt", "build/a.txt"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(lock)
    (tmp_path / "hack" / "words.txt").write_text("up\n")
    monkeypatch.setattr(sbom, "ROOT", tmp_path)

    assert sbom.locks() == [tmp_path / "hack/images/new/server.txt", tmp_path / "pinned.txt"]


def test_the_locks_of_all_images_and_environments_are_audited() -> None:
    locks = {str(lock.relative_to(sbom.ROOT)) for lock in sbom.locks()}
    environments = ("all", "build", "dev", "gateway", "kopf-lowest", "operator", "release")
    environments += ("training", "uv")
    images = ("mlflow/requirements", "triton/requirements", "triton/server")
    assert locks >= {f"requirements/{name}.txt" for name in environments}
    assert locks >= {f"hack/images/{name}.txt" for name in images}
