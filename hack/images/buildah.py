"""The few buildah commands that are used, with storage of our own in the cache."""

import shutil
from pathlib import Path

from hack import apt
from hack.cache import cache_root
from hack.cluster import packages
from hack.console import run
from hack.images import host

_LOG_REMEDY = "read the lines above; the host needs root and its own package sources in order"


def install() -> None:
    """Install debootstrap, buildah and CA certificates from Debian when they are missing."""
    packages.ensure_certificates()
    missing = [tool for tool in ("debootstrap", "buildah") if shutil.which(tool) is None]
    if missing:
        apt.install(missing)


def build(context: Path, tag: str, target: str = "", *, base: str = "") -> None:
    """Build `tag` from a folder's Dockerfile: its stage `target`, or the last one.

    On a `base`, unchanged layers come from buildah's cache; without, the image has a single one.
    """
    _recover()
    options = [f"--volume={mount}" for mount in host.mounts(_storage() / "host")]
    options += [f"--build-arg=BASE_IMAGE={base}"] if base else []
    options += [f"--target={target}"] if target else []
    _buildah(
        "bud",
        "--isolation=chroot",
        "--format=docker",
        f"--layers={str(bool(base)).lower()}",
        "--pull=false",
        *options,
        f"--file={context / 'Dockerfile'}",
        f"--tag={tag}",
        context,
    )


def save(tag: str, archive: Path) -> None:
    """Write an image as a docker-archive, which containerd, Docker and kind can load."""
    _buildah("push", "--quiet", tag, f"docker-archive:{archive}:{tag}")


def has(tag: str) -> bool:
    return bool(_buildah("images", "--quiet", "--filter", f"reference={tag}").strip())


def forget(tag: str) -> None:
    if has(tag):
        _buildah("rmi", "--force", tag)


def unpack(tag: str, folder: Path) -> None:
    """Copy an image's file system into `folder`, leaving no container and no mount behind."""
    _recover()
    container = _buildah("from", "--pull=false", tag).split()[-1]
    try:
        mounted = _buildah("mount", container).split()[-1]
        run(["cp", "-a", f"{mounted}/.", folder], remedy="Check that the disk is not full.")
    finally:
        _buildah("umount", container)
        _buildah("rm", container)


def _recover() -> None:
    """Clear away what a killed build left. Call it under the lock of all buildah work."""
    table = Path("/proc/self/mountinfo").read_text().splitlines()
    mounted = [line.split()[4] for line in table]
    for path in reversed([path for path in mounted if path.startswith(f"{_storage()}/")]):
        # The storage keeps itself mounted while one of its containers is; only those are left.
        if path != str(_storage() / "storage/overlay"):
            run(["umount", "--lazy", path], remedy=f"umount {path} by hand")
    if _buildah("containers", "--quiet").strip():
        _buildah("rm", "--all")


def _storage() -> Path:
    return cache_root() / "buildah"


def _buildah(command: str, *arguments: str | Path) -> str:
    storage = _storage()
    # It ends with the process that holds the lock: an orphan would write into the next one's work.
    base = ["setpriv", "--pdeathsig", "KILL", "buildah", "--storage-driver=overlay"]
    base += [f"--root={storage / 'storage'}", f"--runroot={storage / 'run'}"]
    return run([*base, command, *arguments], remedy=_LOG_REMEDY, log=storage / "buildah.log")
