"""Sources and artifacts that cannot be used: the init container reports them."""

from typing import Any

from tests.broken.situation import NAMESPACE, Situation, bad_server, store

URI, SOURCE = "spec.model.source.uri", "spec.model.source"
BACKLOG, SILENT, PLAIN, TLS = 8001, 8002, 8003, 8004
"""Ports of the bad server: packets are dropped, no answer ever comes, http, and https."""

_OTHER_REGISTRY = '{"auths":{"quay.example":{}}}'
_TRUST = {"name": "bad-server"}


def _secret(name: str, **values: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "stringData": values,
    }


def _claim(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "no-such-class",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


_NOBODY = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "nobody"},
    "spec": {"selector": {"app": "nobody"}, "ports": [{"port": 8443}]},
}

SILENT_SOURCES = (
    Situation(
        "a source whose packets are dropped",
        "Progressing",
        "pod POD has been fetching https://bad-server.NAMESPACE.svc:8001/model.onnx since …;"
        " `kubectl -n NAMESPACE logs POD -c load` shows how much has arrived",
        "check the address, network policies and firewalls between this namespace and the source",
        {SOURCE: {"uri": bad_server("model.onnx", BACKLOG)}},
        is_slow=True,
    ),
    Situation(
        "a source that accepts connections and never answers",
        "Progressing",
        "pod POD has been fetching https://bad-server.NAMESPACE.svc:8002/model.onnx since …;"
        " `kubectl -n NAMESPACE logs POD -c load` shows how much has arrived",
        "look at the source's own log; restart it",
        {SOURCE: {"uri": bad_server("model.onnx", SILENT)}},
        is_slow=True,
    ),
    Situation(
        "a source that is overloaded",
        "FetchFailed",
        "spec.model.source.uri: https://bad-server.NAMESPACE.svc:8004/503 answered 503 Service"
        " Unavailable; gave up after 6 attempts without progress; check the server and the network",
        "look at the source's own log; the kubelet tries again",
        {SOURCE: {"uri": bad_server("503", TLS), "secretRef": _TRUST}},
        is_slow=True,
    ),
)

SOURCES = (
    Situation(
        "a host that DNS does not know",
        "FetchFailed",
        "spec.model.source.uri: https://models.nowhere.invalid/model.onnx: cannot reach"
        " models.nowhere.invalid: DNS does not resolve this name (…); gave up after 3 attempts"
        " without progress; correct the host",
        "correct the host in `source.uri`, or make it known to the cluster's DNS",
        {SOURCE: {"uri": "https://models.nowhere.invalid/model.onnx"}},
    ),
    Situation(
        "a server that is not running",
        "FetchFailed",
        "cannot reach nobody.NAMESPACE.svc:8443: Connection refused, so nothing listens"
        " there; gave up after 3 attempts without progress; correct the port, or start the server",
        "correct the port in `source.uri`, or start the server",
        {SOURCE: {"uri": f"https://nobody.{NAMESPACE}.svc:8443/model.onnx"}},
        objects=(_NOBODY,),
    ),
    Situation(
        "a port that speaks http",
        "FetchFailed",
        "cannot reach bad-server.NAMESPACE.svc:8003: this port does not speak https; gave up after"
        " 3 attempts without progress; name the port that speaks https",
        "name the port that speaks https",
        {SOURCE: {"uri": bad_server("model.onnx", PLAIN)}},
    ),
    Situation(
        "a certificate that is not trusted",
        "FetchFailed",
        "spec.model.source.secretRef: the certificate of model-store.model-store.svc:8443 is not"
        " trusted (…); put the PEM of its authority under `ca.crt` into the Secret",
        "put the authority's PEM under `ca.crt` into the Secret of `source.secretRef`",
        {SOURCE: {"uri": store("linear/model.onnx")}},
    ),
    Situation(
        "a server error",
        "FetchFailed",
        "answered 501 …; check it and the server's own log",
        "look at the server's own log",
        {SOURCE: {"uri": bad_server("501", TLS), "secretRef": _TRUST}},
    ),
    Situation(
        "a path that does not exist",
        "ArtifactNotFound",
        "spec.model.source.uri: https://model-store.model-store.svc:8443/nothing/here.onnx"
        " answered 404 Not Found; correct it, or upload the artifact there",
        "correct `source.uri`, or upload the artifact",
        {URI: store("nothing/here.onnx")},
    ),
    Situation(
        "an S3 bucket that refuses the credentials",
        "ArtifactForbidden",
        "spec.model.source.secretRef: s3://models/model.onnx: S3 answered 403 … to the credentials"
        " in Secret s3-keys; put `accessKeyId` and `secretAccessKey` that may read it",
        "correct the keys in the Secret, or the bucket's policy",
        {SOURCE: {"uri": "s3://models/model.onnx", "secretRef": {"name": "s3-keys"}}},
        objects=(
            _secret(
                "s3-keys",
                endpoint=f"http://bad-server.{NAMESPACE}.svc:{PLAIN}",
                accessKeyId="K",
                secretAccessKey="S",
            ),
        ),
    ),
)

CREDENTIALS = (
    Situation(
        "a Secret that does not exist",
        "SecretNotFound",
        "spec.model.source.secretRef: Secret no-such-secret does not exist in this namespace, or"
        " it has no keys; create it, with the keys of its source: for https `token`",
        "create the Secret in the model's namespace, or correct `source.secretRef`",
        {"spec.model.source.secretRef": {"name": "no-such-secret"}},
    ),
    Situation(
        "a Secret with other keys",
        "ArtifactForbidden",
        "spec.model.source.secretRef: Secret misspelt-keys cannot be used: found the keys tocken;"
        " give it the keys `token`",
        "rename the key in the Secret",
        {"spec.model.source.secretRef": {"name": "misspelt-keys"}},
        objects=(_secret("misspelt-keys", tocken="x"),),
    ),
    Situation(
        "a wrong token",
        "ArtifactForbidden",
        "spec.model.source.secretRef: https://model-store.model-store.svc:8443/linear/model.onnx"
        " answered 401 Unauthorized: the credentials in Secret wrong-token were refused; correct"
        " them (`token`, or `username` and `password`), or name another Secret",
        "correct the token in the Secret that the message names",
        {"spec.model.source.secretRef": {"name": "wrong-token"}},
    ),
    Situation(
        "a Secret without a token",
        "ArtifactForbidden",
        "answered 401 Unauthorized: the request had no credentials; add `token`, or `username` and"
        " `password`, to Secret no-token, or name another Secret",
        "add `token` to the Secret that the message names",
        {"spec.model.source.secretRef": {"name": "no-token"}},
    ),
    Situation(
        "S3 keys of which one is missing",
        "ArtifactForbidden",
        "Secret half-keys cannot be used: the two must come together; give it the keys"
        " `accessKeyId` and `secretAccessKey`",
        "add the other key to the Secret",
        {SOURCE: {"uri": "s3://models/model.onnx", "secretRef": {"name": "half-keys"}}},
        objects=(_secret("half-keys", accessKeyId="K"),),
    ),
    Situation(
        "a key of Google Cloud Storage that is no JSON",
        "ArtifactForbidden",
        "Secret google-key cannot be used: `credentials.json` is not a service account's key",
        "put the service account's key file into the Secret, as it was downloaded",
        {SOURCE: {"uri": "gs://models/model.onnx", "secretRef": {"name": "google-key"}}},
        objects=(_secret("google-key", **{"credentials.json": "no JSON"}),),
    ),
    Situation(
        "a Docker configuration without the registry",
        "ArtifactForbidden",
        ".dockerconfigjson of Secret other-registry has credentials for quay.example, not for"
        " registry.example; add registry.example to its `auths`, or name a Secret that has it",
        "add the registry to the Secret",
        {
            SOURCE: {
                "uri": "oci://registry.example/models/price:1",
                "secretRef": {"name": "other-registry"},
            }
        },
        objects=(
            _secret("other-registry", **{".dockerconfigjson": '{"auths":{"quay.example":{}}}'}),
        ),
    ),
)

CONTENTS = (
    Situation(
        "another artifact than the pinned one",
        "DigestMismatch",
        "spec.model.source.sha256: found an artifact with sha256 …, expected 0000…; set it to the"
        " digest of the artifact that you mean, or put that artifact back at its uri",
        "correct `source.sha256` (`inference-operator digest FILE` prints it), or restore the file",
        {"spec.model.source.sha256": "0" * 64},
    ),
    Situation(
        "an artifact with other tensors than the spec",
        "TensorMismatch",
        'spec.model.outputs[y].name: found "y", expected an output of the artifact\'s graph (z);'
        " correct the spec, or export the model again",
        "correct `model.inputs` and `model.outputs`, or export the model again",
        {URI: store("mismatched/model.onnx")},
    ),
    Situation(
        "a login page in place of the artifact",
        "ArtifactInvalid",
        "model.onnx: found an HTML page, expected the model itself; check source.uri and secretRef:"
        " a login or error page was downloaded",
        "correct `source.uri`: name the file itself, and a Secret if it needs a login",
        {URI: store("broken/page.onnx")},
    ),
    Situation(
        "an empty file",
        "ArtifactInvalid",
        "model.onnx: found an empty file, expected a model; upload the artifact again",
        "export or upload the artifact again",
        {URI: store("broken/empty.onnx")},
    ),
    Situation(
        "a Git LFS pointer in place of the artifact",
        "ArtifactInvalid",
        "model.onnx: found a Git LFS pointer, expected the model itself; fetch the real file (git"
        " lfs pull) before uploading it",
        "run `git lfs pull` before the upload",
        {URI: store("broken/pointer.onnx")},
    ),
    Situation(
        "a file that is not ONNX",
        "ArtifactInvalid",
        "model.onnx: found a file that is not ONNX, or is truncated, expected an ONNX model; upload"
        " the artifact again",
        "correct `model.format`, or export the model again",
        {URI: store("broken/noise.onnx")},
    ),
    Situation(
        "a broken archive",
        "ArtifactInvalid",
        "spec.model.source.uri: the archive is refused: it is broken (…): upload it again",
        "pack and upload the archive again",
        {URI: store("broken/broken.zip")},
    ),
)

CLAIMS = (
    Situation(
        "a claim that does not exist",
        "ClaimNotFound",
        "spec.model.source.uri: PersistentVolumeClaim no-such-claim does not exist in this"
        " namespace; create it, or name another one",
        "create the PersistentVolumeClaim, or correct `source.uri`",
        {SOURCE: {"uri": "pvc://no-such-claim/model.onnx"}},
    ),
    Situation(
        "a claim that is not bound",
        "ClaimNotBound",
        "spec.model.source.uri: PersistentVolumeClaim unbound is not bound to a volume; correct"
        " its storage class, or add a PersistentVolume that fits; `kubectl -n NAMESPACE describe"
        " pvc unbound` shows why",
        "correct the claim's storage class, or add a PersistentVolume that fits",
        {SOURCE: {"uri": "pvc://unbound/model.onnx"}},
        objects=(_claim("unbound"),),
    ),
)
