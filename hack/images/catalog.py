"""The images, what each is made of, and where its archive lies."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hack.cache import cache_root, key_of
from hack.console import say, step
from hack.images import buildah, debian, store

ROOT = Path(__file__).resolve().parents[2]
_HERE = Path(__file__).resolve().parent
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its repository's name, and the part of a folder that decides what is in it.

    `inputs` are relative to `context`, where the Dockerfile is too. `target` is a stage of it;
    empty means the last one.
    """

    repository: str
    context: Path
    inputs: tuple[str, ...] = ()
    target: str = ""

    def key(self, context: Path | None = None) -> str:
        """Return the key of the current files, and of the base image under them."""
        folder = context or self.context
        parent = () if self is BASE else (BASE.key(),)
        return key_of(*(p for name in self.inputs if (p := folder / name).exists()), *parent)


@dataclass(frozen=True, slots=True)
class Built:
    """An image's name, tagged with the digest of what it was made from, and its docker-archive."""

    ref: str
    archive: Path


BASE = Image("inference-base", _HERE / "base", ("Dockerfile", "slim.cfg", "../debian.py"))
OPERATOR = Image(
    "inference-operator",
    ROOT,
    (
        "Dockerfile",
        ".dockerignore",
        "pyproject.toml",
        "requirements/operator.txt",
        "requirements/build.txt",
        "operator/inference_operator",
        "model_builders",
    ),
)
GATEWAY = Image(
    "inference-gateway",
    ROOT,
    ("Dockerfile", ".dockerignore", "requirements/serving.txt", "model_builders", "serving"),
    target="gateway",
)
REDIS = Image("redis-server", _HERE / "redis", ("Dockerfile",))
TRITON = Image(
    "triton-cpu",
    _HERE / "triton",
    ("Dockerfile", "server.txt", "requirements.txt", "python", "backends"),
)
MLFLOW = Image("mlflow-server", _HERE / "mlflow", ("Dockerfile", "requirements.txt"))
IMAGES = {
    "base": BASE,
    "operator": OPERATOR,
    "gateway": GATEWAY,
    "triton": TRITON,
    "mlflow": MLFLOW,
    "redis": REDIS,
}


def build(name: str) -> Built:
    """Return the image of the current sources; build it if the cache has no archive of it."""
    image = IMAGES[name]
    if store.used(archive := _archive(image, image.key())):
        return _built(image, archive)
    with _snapshot(image) as context:
        key = image.key(context)
        made = store.published(_archive(image, key), lambda path: _save(image, context, path))
        _prune(image)
        return _built(image, made)


def archive(name: str) -> Path:
    """Return the docker-archive of an image, built first if its sources changed."""
    return build(name).archive


def image_ref(name: str) -> str:
    """Return `repository:key` of an image of the current sources; build nothing."""
    return f"{IMAGES[name].repository}:{IMAGES[name].key()}"


def rootfs(name: str) -> Path:
    """Return an image's unpacked file system, for running it under chroot without a cluster."""
    image, folder = IMAGES[name], cache_root() / "rootfs"
    target = folder / f"{image.repository}-{image.key()}"
    if store.used(target):
        return target
    with _snapshot(image) as context:

        def unpack(path: Path) -> None:
            ref = _ensure_built(image, context)
            with step(f"unpacking {ref}"), store.locked("buildah"):
                path.mkdir()
                buildah.unpack(ref, path)

        made = store.published(folder / f"{image.repository}-{image.key(context)}", unpack)
    store.keep_newest(folder, f"{image.repository}-")
    return made


def _archive(image: Image, key: str) -> Path:
    return cache_root() / "images" / f"{image.repository}-{key}.tar"


def _built(image: Image, archive: Path) -> Built:
    key = archive.stem.removeprefix(f"{image.repository}-")
    return Built(f"{image.repository}:{key}", archive)


@contextmanager
def _snapshot(image: Image) -> Iterator[Path]:
    """Copy the image's inputs: files saved while an image is built must not get into it."""
    cache_root().mkdir(parents=True, exist_ok=True)
    for left in cache_root().glob(".context-*"):  # by a build that was killed
        if time.time() - left.stat().st_mtime > _DAY_S:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=cache_root(), prefix=".context-") as folder:
        context = Path(folder) / "context"
        context.mkdir()
        for name in image.inputs:
            source, target = image.context / name, context / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy2(source, target)
        yield context


def _save(image: Image, context: Path, archive: Path) -> None:
    ref = _ensure_built(image, context)
    with step(f"saving {ref}"), store.locked("buildah"):
        buildah.save(ref, archive)
        say(f"    {archive.stat().st_size / 1e6:.0f} MB")


def _ensure_built(image: Image, context: Path) -> str:
    """Have buildah hold the image of `context`; its name."""
    buildah.install()
    base = ""
    if image is not BASE:
        with _snapshot(BASE) as parent:
            base = _ensure_built(BASE, parent)
    ref = f"{image.repository}:{image.key(context)}"
    with store.locked("buildah"):
        if buildah.has(ref):
            return ref
        if image is BASE:
            debian.make_rootfs_tar(context / "rootfs.tar", context / "slim.cfg")
        with step(f"building {ref}"):
            buildah.build(context, ref, image.target, base=base)
    return ref


def _prune(image: Image) -> None:
    for old in store.keep_newest(cache_root() / "images", f"{image.repository}-"):
        with store.locked("buildah"):
            buildah.forget(_built(image, old).ref)
