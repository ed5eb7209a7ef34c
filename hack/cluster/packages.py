"""Debian's packages and kernel modules that the nodes need; missing ones are installed."""

import os
import shutil
from pathlib import Path

from hack import apt
from hack.console import run, say

CNI_PLUGINS = Path("/usr/lib/cni")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Where Go looks for them, too; SSL_CERT_FILE and SSL_CERT_DIR override both.
_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_PACKAGE_OF = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "mount": "mount",
    "nsenter": "util-linux",
}


def ensure() -> None:
    missing = _missing()
    if not missing:
        return
    apt.install(missing)
    if "containerd" in missing and Path("/run/systemd/system").exists():
        # Debian starts it on install; each node runs its own, so the host needs none.
        run(["systemctl", "disable", "--now", "containerd"], remedy="Disable containerd by hand.")


def ensure_certificates() -> None:
    """Install CA certificates, which Go and debootstrap need; a small Debian has none."""
    named = [os.environ.get(variable) for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR")]
    if any(Path(path).exists() for path in (*_CERTIFICATES, *filter(None, named))):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say("CA certificates are not installed; if a download fails, install ca-certificates")
        return
    apt.install(["ca-certificates"])


def ensure_modules() -> None:
    """Load the modules that are neither built in nor loaded; they stay when the cluster goes."""
    for module in _missing_modules():
        run(["modprobe", module], remedy=f"This kernel lacks {module}: use another kernel.")


def _missing_modules() -> list[str]:
    present = {
        "overlay": "overlay" in Path("/proc/filesystems").read_text(),
        "br_netfilter": Path("/proc/sys/net/bridge").exists(),
        # kube-proxy's rules would load it later, in the middle of a cluster's life.
        "nf_conntrack": Path("/proc/sys/net/netfilter/nf_conntrack_max").exists(),
    }
    return [module for module, there in present.items() if not there]


def _missing() -> list[str]:
    packages = {package for name, package in _PACKAGE_OF.items() if not _which(name)}
    if not (CNI_PLUGINS / "bridge").exists():
        packages.add("containernetworking-plugins")
    if _missing_modules() and not _which("modprobe"):
        packages.add("kmod")
    return sorted(packages)


def _which(program: str) -> str | None:
    return shutil.which(program, path=_PATH)
