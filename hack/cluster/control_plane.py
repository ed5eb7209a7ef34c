"""The command lines of etcd, kube-apiserver, controller manager and scheduler; starts nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from hack.cluster.binaries import Binaries
from hack.cluster.pki import Authority, service_account_keys

SERVICE_ACCOUNT_ISSUER = "https://kubernetes.default.svc.cluster.local"

# Who polls all the time and is nobody's subject: left out so that the log stays readable.
_UNAUDITED_USERS = [
    "system:apiserver",
    "system:coredns",
    "system:gateway",
    "system:kube-controller-manager",
    "system:kube-proxy",
    "system:kube-scheduler",
    "system:ready-pods",
    "system:volumes",
]
_UNAUDITED_GROUPS = ["system:nodes", "system:serviceaccounts:kube-system"]
_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "users": _UNAUDITED_USERS},
        {"level": "None", "userGroups": _UNAUDITED_GROUPS},
        {"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*"]},
        {"level": "Metadata"},
    ],
}


@dataclass(frozen=True, slots=True)
class Ports:
    api: int = 6443
    etcd: int = 2379
    etcd_peer: int = 2380


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """One control plane: where its files lie, where it listens and what it serves."""

    folder: Path
    binaries: Binaries
    address: str
    service_cidr: str
    first_service_ip: str
    ports: Ports = Ports()

    @property
    def pki(self) -> Path:
        return self.folder / "pki"

    @property
    def audit_log(self) -> Path:
        return self.folder / "audit.log"

    @property
    def server(self) -> str:
        return f"https://{self.address}:{self.ports.api}"

    def authority(self) -> Authority:
        return Authority(self.pki)

    def kubeconfig(self, user: str, organization: str | None = None) -> Path:
        """Return the kubeconfig of one client, made on first use; `admin` is the people's."""
        authority = self.authority()
        client = authority.issue(user.replace(":", "-"), user, organization=organization)
        path = self.pki / f"{user.replace(':', '-')}.kubeconfig"
        return authority.write_kubeconfig(path, self.server, client)

    def admin(self) -> Path:
        return self.kubeconfig("admin", "system:masters")

    def etcd(self) -> list[str]:
        client, peer = (
            f"http://127.0.0.1:{port}" for port in (self.ports.etcd, self.ports.etcd_peer)
        )
        return [
            str(self.binaries["etcd"]),
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
            "--quota-backend-bytes=4294967296",
            "--log-level=warn",
        ]

    def api_server(self, extra: Sequence[str] = ()) -> list[str]:
        authority, front = self.authority(), Authority(self.pki, "front-proxy-ca")
        serving = authority.issue("api-server", "kube-apiserver", hosts=self._hosts())
        kubelet = authority.issue("kubelet-client", "kubelet-client", organization="system:masters")
        proxy = front.issue("front-proxy-client", "front-proxy-client")
        tokens = service_account_keys(self.pki)
        policy = self.folder / "audit-policy.yaml"
        policy.write_text(yaml.safe_dump(_AUDIT_POLICY))
        return [
            str(self.binaries["kube-apiserver"]),
            f"--etcd-servers=http://127.0.0.1:{self.ports.etcd}",
            f"--bind-address={self.address}",
            f"--advertise-address={self.address}",
            f"--secure-port={self.ports.api}",
            f"--service-cluster-ip-range={self.service_cidr}",
            f"--cert-dir={self.pki}",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            f"--client-ca-file={authority.pair.certificate}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            f"--service-account-issuer={SERVICE_ACCOUNT_ISSUER}",
            f"--service-account-key-file={tokens.certificate}",
            f"--service-account-signing-key-file={tokens.key}",
            f"--kubelet-certificate-authority={authority.pair.certificate}",
            f"--kubelet-client-certificate={kubelet.certificate}",
            f"--kubelet-client-key={kubelet.key}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--requestheader-client-ca-file={front.pair.certificate}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            f"--proxy-client-cert-file={proxy.certificate}",
            f"--proxy-client-key-file={proxy.key}",
            "--enable-aggregator-routing=true",
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit_log}",
            "--audit-log-maxsize=2000",
            "--audit-log-maxbackup=1",
            "--profiling=false",
            *extra,
        ]

    def controller_manager(self, extra: Sequence[str] = ()) -> list[str]:
        kubeconfig = self.kubeconfig("system:kube-controller-manager")
        authority, tokens = self.authority().pair, service_account_keys(self.pki)
        return [
            str(self.binaries["kube-controller-manager"]),
            *_identity(kubeconfig),
            "--use-service-account-credentials=true",
            f"--root-ca-file={authority.certificate}",
            f"--cluster-signing-cert-file={authority.certificate}",
            f"--cluster-signing-key-file={authority.key}",
            f"--service-account-private-key-file={tokens.key}",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            f"--service-cluster-ip-range={self.service_cidr}",
            *extra,
        ]

    def scheduler(self) -> list[str]:
        return [
            str(self.binaries["kube-scheduler"]),
            *_identity(self.kubeconfig("system:kube-scheduler")),
        ]

    def _hosts(self) -> list[str]:
        names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"]
        names += ["kubernetes.default.svc.cluster.local", "localhost"]
        return [*names, self.first_service_ip, "127.0.0.1", self.address]


def _identity(kubeconfig: Path) -> list[str]:
    """Return a controller's flags: its identity, no leader election, no metrics port."""
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
    ]
