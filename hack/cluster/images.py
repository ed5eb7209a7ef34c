"""Images without a registry: archives into a node's containerd, and the sandbox's own image."""

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hack.cluster.layout import Node
from hack.console import StepError, run, say, step

PAUSE_IMAGE = "inference.aipx.io/pause:1"
_LOADED = "images.json"


@dataclass(frozen=True, slots=True)
class Archive:
    """A docker-archive: its file, its image references, and a digest of what they mean."""

    path: Path
    references: tuple[str, ...]
    digest: str


def read_archive(path: Path) -> Archive:
    """Read an archive's index without unpacking its layers."""
    try:
        with tarfile.open(path, "r:*") as archive:
            manifest = _member(archive, "manifest.json")
            images = json.loads(manifest)
            configs = [_member(archive, image["Config"]) for image in images]
    except (OSError, tarfile.TarError, KeyError, ValueError) as error:
        raise StepError(
            f"{path} is not a docker-archive: {error}",
            "Write it by `buildah push IMAGE docker-archive:FILE:NAME` or `docker save`.",
        ) from error
    references = [_canonical(tag) for image in images for tag in image["RepoTags"] or ()]
    if not references:
        raise StepError(f"{path} names no image", "Write it with a name: docker-archive:FILE:NAME")
    digest = hashlib.sha256(manifest + b"".join(configs)).hexdigest()
    return Archive(path, tuple(references), digest)


def load(nodes: Sequence[Node], paths: Sequence[Path]) -> None:
    """Import archives into every node that does not have exactly them already."""
    for archive in map(read_archive, paths):
        for node in nodes:
            names = ", ".join(archive.references)
            if _has(node, archive):
                say(f"{names} is already on {node.name}")
                continue
            with step(f"load {names} into {node.name}"):
                load_quietly(node, archive)


def load_quietly(node: Node, archive: Archive) -> None:
    if _has(node, archive):
        return
    run(
        [*_ctr(node), "images", "import", archive.path],
        remedy=f"Read `python -m hack.cluster logs`, check the disk; load {archive.path}.",
    )
    loaded = _loaded(node) | dict.fromkeys(archive.references, archive.digest)
    (node.folder / _LOADED).write_text(json.dumps(loaded))


def answers(node: Node) -> bool:
    """Return whether the node's containerd takes requests."""
    done = subprocess.run([*_ctr(node), "version"], capture_output=True)
    return done.returncode == 0


def write_pause_archive(program: Path, path: Path) -> Path:
    """Return a docker-archive with one file in one layer: the pause program, `FROM scratch`."""
    layer = _tar({"pause": program.read_bytes()}, mode=0o755)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    content = json.dumps(config).encode()
    name = f"{hashlib.sha256(content).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": [PAUSE_IMAGE], "Layers": ["layer.tar"]}]
    files = {name: content, "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()}
    path.write_bytes(_tar(files))
    return path


def _has(node: Node, archive: Archive) -> bool:
    loaded = _loaded(node)
    if any(loaded.get(reference) != archive.digest for reference in archive.references):
        return False
    shown = subprocess.run([*_ctr(node), "images", "ls", "-q"], capture_output=True, text=True)
    return set(archive.references) <= set(shown.stdout.split())


def _loaded(node: Node) -> dict[str, str]:
    try:
        content: dict[str, str] = json.loads((node.folder / _LOADED).read_text())
    except (OSError, ValueError):
        return {}
    return content


def _ctr(node: Node) -> list[str]:
    return ["ctr", f"--address={node.socket}", "--namespace=k8s.io"]


def _canonical(reference: str) -> str:
    """Return containerd's full form of a reference: `docker.io/library/alpine:3` for `alpine:3`."""
    first, slash, _ = reference.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return reference
    return f"docker.io/{reference}" if slash else f"docker.io/library/{reference}"


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is not a file")
    return file.read()


def _tar(files: dict[str, bytes], mode: int = 0o644) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
