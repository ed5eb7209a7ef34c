"""Settings of this machine for builds: trust, name resolution, package sources, proxies.

They do not stay in an image: they are mounted while a `RUN` step runs. No host is named here
but Debian's public mirrors.
"""

import configparser
import os
from dataclasses import dataclass
from pathlib import Path

from hack.console import run

SUITE = "bookworm"
PUBLIC_SOURCES = (
    ("http://deb.debian.org/debian", SUITE),
    ("http://deb.debian.org/debian", f"{SUITE}-updates"),
    ("http://deb.debian.org/debian-security", f"{SUITE}-security"),
)
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
TRUST = Path("/etc/ssl/certs")
_BUNDLE = TRUST / "ca-certificates.crt"
_APT_SETTINGS = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::ForceIPv")
# Settings of pip that say where packages come from; the others would bend what is installed.
_PIP_SETTINGS = {
    "cert": "cert",
    "default-timeout": "timeout",
    "extra-index-url": "extra-index-url",
    "find-links": "find-links",
    "index-url": "index-url",
    "proxy": "proxy",
    "retries": "retries",
    "timeout": "timeout",
    "trusted-host": "trusted-host",
}


@dataclass(frozen=True, slots=True)
class Mount:
    """A read-only bind mount of a build step."""

    source: Path
    target: str

    def __str__(self) -> str:
        return f"{self.source}:{self.target}:ro"


def mounts(folder: Path) -> list[Mount]:
    """Return this machine's package configuration (written into `folder`) and trust, as mounts."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {
        "sources.list": ("/etc/apt/sources.list", sources_list(sources())),
        "apt.conf": ("/etc/apt/apt.conf.d/00build-host", _apt_conf()),
        "pip.conf": ("/etc/pip.conf", pip_conf(_pip_files(), os.environ)),
    }
    made = [Mount(Path("/etc/resolv.conf"), "/etc/resolv.conf")]
    if TRUST.is_dir():
        made.append(Mount(TRUST, str(TRUST)))
    for name, (target, text) in written.items():
        (folder / name).write_text(text)
        made.append(Mount(folder / name, target))
    return made


def sources() -> list[tuple[str, str]]:
    """Return (mirror, suite) of this machine's own Debian sources, or Debian's public ones."""
    listed = run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages"],
        remedy="Repair this machine's apt sources (`apt-get update` must work).",
    )
    pairs = {tuple(line.split()) for line in listed.splitlines() if len(line.split()) == 2}
    ours = sorted((site, suite) for site, suite in pairs if suite.split("-")[0] == SUITE)
    debian = [pair for pair in ours if "debian" in pair[0]]
    return debian if any(suite == SUITE for _, suite in debian) else list(PUBLIC_SOURCES)


def mirror() -> str:
    """Return the mirror that debootstrap reads."""
    return next(site for site, suite in sources() if suite == SUITE)


def sources_list(pairs: list[tuple[str, str]]) -> str:
    return "".join(f"deb [signed-by={KEYRING}] {site} {suite} main\n" for site, suite in pairs)


def _apt_conf() -> str:
    dump = run(["apt-config", "dump"], remedy="Repair /etc/apt/apt.conf.d.")
    return "".join(line + "\n" for line in dump.splitlines() if line.startswith(_APT_SETTINGS))


def pip_conf(files: list[Path], environ: os._Environ[str] | dict[str, str]) -> str:
    """Return this machine's settings of pip (files, then `PIP_*`) for sources of packages."""
    chosen = {"cert": str(_BUNDLE)} if _BUNDLE.exists() else {}
    parser = configparser.RawConfigParser()
    parser.read(files)
    options = dict(parser["global"]) if parser.has_section("global") else {}
    for name, value in environ.items():
        if name.startswith("PIP_"):
            options[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    for name, value in options.items():
        if name in _PIP_SETTINGS and value:
            chosen[_PIP_SETTINGS[name]] = value
    lines = "".join(f"{name} = {value}\n" for name, value in sorted(chosen.items()))
    return f"[global]\n{lines}"


def _pip_files() -> list[Path]:
    home = Path.home()
    return [
        Path("/etc/pip.conf"),
        home / ".pip" / "pip.conf",
        home / ".config" / "pip" / "pip.conf",
    ]
