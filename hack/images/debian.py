"""The Debian root file system that the other images stand on, made by debootstrap."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from hack.console import run, step
from hack.images import host

PACKAGES = ("ca-certificates", "python3.11")
_UNREAD = ("doc/*/*", "man/*", "info/*", "locale/*", "lintian/*")


def make_rootfs_tar(archive: Path, slim: Path) -> None:
    """Write a minimal bookworm with Python 3.11 to `archive`; `slim` is its dpkg configuration."""
    rootfs = archive.with_suffix(".rootfs")
    debootstrap(rootfs, PACKAGES)
    _trim(rootfs, slim)
    run(["tar", "-C", rootfs, "-cf", archive, "."], remedy="Check that the disk is not full.")
    shutil.rmtree(rootfs)


def debootstrap(rootfs: Path, packages: Sequence[str]) -> None:
    """Write Debian's smallest root file system, with these packages, to a new folder."""
    options = ["--variant=minbase", f"--include={','.join(packages)}"]
    if Path(host.KEYRING).exists():
        options.append(f"--keyring={host.KEYRING}")
    # In a mount namespace of its own: debootstrap mounts /proc, and may be killed.
    isolated = ["unshare", "--mount", "--fork", "--kill-child", "debootstrap"]
    with step(f"debootstrap {host.SUITE} (once, about a minute)"):
        run(
            [*isolated, *options, host.SUITE, rootfs, host.mirror()],
            remedy=f"Check that {host.mirror()} answers, and that you are root.",
        )


def _trim(rootfs: Path, slim: Path) -> None:
    (rootfs / "etc/apt/sources.list").write_text(host.sources_list(list(host.PUBLIC_SOURCES)))
    shutil.copy(slim, rootfs / "etc/dpkg/dpkg.cfg.d/slim")
    for pattern in _UNREAD:
        for path in (rootfs / "usr/share").glob(pattern):
            if path.name == "copyright":
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    for folder in ("var/cache/apt", "var/lib/apt/lists"):
        shutil.rmtree(rootfs / folder)
        (rootfs / folder / "partial").mkdir(parents=True)
    # Written by this machine's resolver and name during the bootstrap.
    for name in ("etc/resolv.conf", "etc/hostname"):
        (rootfs / name).write_text("")
