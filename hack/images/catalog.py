"""The images, what each is made of, and where its archive lies."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hack.cache import cache_root, key_of
from hack.console import StepFailed, say, step
from hack.images import buildah, debian, store

ROOT = Path(__file__).resolve().parents[2]
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its repository name and the files that decide what is in it."""

    repository: str
    dockerfile: Path
    inputs: tuple[Path, ...]
    context: Path

    @property
    def key(self) -> str:
        parent = () if self is BASE else (BASE.key,)
        return key_of(self.dockerfile, *(path for path in self.inputs if path.exists()), *parent)

    @property
    def ref(self) -> str:
        return f"{self.repository}:{self.key}"


BASE = Image(
    "inference-base",
    _HERE / "base/Dockerfile",
    (_HERE / "base/slim.cfg", _HERE / "debian.py"),
    _HERE / "base",
)
OPERATOR = Image(
    "inference-operator",
    ROOT / "Dockerfile",
    (
        ROOT / ".dockerignore",
        ROOT / "pyproject.toml",
        ROOT / "requirements/operator.txt",
        ROOT / "requirements/build.txt",
        ROOT / "operator/inference_operator",
        ROOT / "model_builders",
    ),
    ROOT,
)
TRITON = Image("triton-cpu", _HERE / "triton/Dockerfile", (_HERE / "triton",), _HERE / "triton")
IMAGES = {"base": BASE, "operator": OPERATOR, "triton": TRITON}


def image_ref(name: str) -> str:
    """`repository:key` of an image, from its inputs alone; nothing is built."""
    return IMAGES[name].ref


def archive(name: str) -> Path:
    """The docker-archive of an image, built first if its inputs changed."""
    image = IMAGES[name]
    for _ in range(3):
        key = image.key
        folder = cache_root() / "images"
        target = store.published(
            folder / f"{image.repository}-{key}.tar", lambda partial: _make(image, key, partial)
        )
        if image.key == key:
            return target
        store.remove(target)  # someone saved a file while it was read: the content is a mix
    raise StepFailed(f"the sources of {image.repository} keep changing", "build once they rest")


def rootfs(name: str) -> Path:
    """An image's unpacked file system, for running it under chroot without a cluster."""
    image = IMAGES[name]
    ref, folder = image.ref, cache_root() / "rootfs"

    def unpack(partial: Path) -> None:
        _ensure_built(image)
        with step(f"unpacking {ref}"), store.locked("buildah"):
            partial.mkdir()
            buildah.unpack(ref, partial)

    target = store.published(folder / ref.replace(":", "-"), unpack)
    store.keep_newest(folder, image.repository)
    return target


def _make(image: Image, key: str, partial: Path) -> None:
    _ensure_built(image)
    ref = f"{image.repository}:{key}"
    with step(f"saving {ref}"), store.locked("buildah"):
        buildah.save(ref, partial)
    say(f"    {partial.stat().st_size / 1e6:.0f} MB")
    _prune(image, keep=key)


def _ensure_built(image: Image) -> None:
    buildah.install()
    if image is not BASE:
        _ensure_built(BASE)
    with store.locked("buildah"):
        if buildah.has(image.ref):
            return
        if image is BASE:
            _build_base()
            return
        with step(f"building {image.ref}"):
            args = {"BASE_IMAGE": BASE.ref}
            buildah.build(image.dockerfile, image.context, image.ref, args=args)


def _build_base() -> None:
    with tempfile.TemporaryDirectory(dir=cache_root()) as folder:
        debian.make_rootfs_tar(Path(folder) / "rootfs.tar", _HERE / "base/slim.cfg")
        with step(f"building {BASE.ref}"):
            buildah.build(BASE.dockerfile, Path(folder), BASE.ref, args={})


def _prune(image: Image, keep: str) -> None:
    prefix = f"{image.repository}-"
    for old in store.keep_newest(cache_root() / "images", prefix, count=1):
        key = old.name.removeprefix(prefix).removesuffix(".tar")
        if key != keep:
            buildah.forget(f"{image.repository}:{key}")
