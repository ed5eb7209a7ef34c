"""The Helm chart `dist/chart`: templates made from manifests, so that both stay the same.

Each template is the YAML of some objects, with expressions of Helm in place of a few values.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from hack.installation.base_objects import BASE, IMAGE, ROOT, Body, objects_in, objects_of
from hack.installation.chart_values import schema_json, values_yaml
from inference_operator.domain.kubectl_yaml import write_manifests

FOLDER = "dist/chart"
NAMESPACE = "inference-operator"

_MANIFESTS = ROOT / "manifests"
_HEADER = "# Generated from manifests and crds by `make generate`. Do not edit.\n"
_KEEP = "    helm.sh/resource-policy: keep\n"
_MISSING = (
    "image: found nothing, expected the operator's image as REGISTRY/NAME@sha256:DIGEST;"
    " set it by --set image=..., or use the chart of a release"
)
_IMAGE = f'{{{{ required "{_MISSING}" .Values.image }}}}'
# Places for lists that are added: keys or items that are lines of their own in YAML.
_POD, _SETTINGS = "@pod@", "@settings@"
_POD_LINES = """\
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
"""
_SETTINGS_LINES = """\
        {{- with .Values.tritonImage }}
        - name: INFERENCE_OPERATOR_TRITON_IMAGE
          value: {{ . | quote }}
        {{- end }}
        {{- with .Values.namespaces }}
        - name: INFERENCE_OPERATOR_NAMESPACES
          value: {{ join "," . | quote }}
        {{- end }}
        {{- if .Values.monitoring.enabled }}
        - name: INFERENCE_OPERATOR_PROMETHEUS_URL
          value: {{ .Values.monitoring.prometheusUrl | quote }}
        {{- end }}
        {{- if .Values.artifactCache.enabled }}
        - name: INFERENCE_OPERATOR_ARTIFACT_CACHE_URL
          value: http://inference-operator-artifact-cache.{{ .Release.Namespace }}.svc:8081
        {{- end }}
        {{- range $name, $value := .Values.settings }}
        - name: {{ $name }}
          value: {{ $value | toString | quote }}
        {{- end }}
"""
_NOTES = """\
The operator starts in the namespace {{ .Release.Namespace }}:

  kubectl -n {{ .Release.Namespace }} rollout status deployment/inference-operator

{{ if and .Values.crds.install .Values.crds.keep -}}
`helm uninstall` keeps the CRDs, and so all models and pipelines.
{{- else if .Values.crds.install -}}
`helm uninstall` deletes the CRDs, and so every model and pipeline of the cluster (crds.keep=false).
{{- end }}
"""


def generated() -> Mapping[str, Callable[[], str]]:
    """Return the path of each file of the chart below the root, with what makes its text."""
    files: dict[str, Callable[[], str]] = {
        "Chart.yaml": _chart_yaml,
        "values.yaml": lambda: values_yaml(_container()["resources"], _prometheus_url()),
        "values.schema.json": schema_json,
        "templates/NOTES.txt": lambda: _NOTES,
        "templates/crds.yaml": _crds,
        "templates/operator.yaml": _operator,
        "templates/rights.yaml": _rights,
        "templates/user-roles.yaml": _user_roles,
        "templates/network-policy.yaml": _network_policy,
        "templates/monitoring.yaml": _monitoring,
        "templates/artifact-cache.yaml": _artifact_cache,
    }
    return {f"{FOLDER}/{name}": text for name, text in files.items()}


def project() -> dict[str, Any]:
    """Return the name, the version and the licence that pyproject.toml has."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    metadata: dict[str, Any] = table["project"]
    return metadata


def _chart_yaml() -> str:
    metadata = project()
    body = {
        "apiVersion": "v2",
        "name": metadata["name"],
        "description": metadata["description"],
        "type": "application",
        "version": metadata["version"],
        "appVersion": metadata["version"],
        "kubeVersion": ">=1.30.0-0",
        "annotations": {"artifacthub.io/license": metadata["license"]},
    }
    return _HEADER + write_manifests([body])


def _crds() -> str:
    crds = _base("CustomResourceDefinition")
    policy = _base("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    kept = "{{- if .Values.crds.keep }}\n" + _KEEP + "{{- end }}\n"
    text = _replaced(_text(crds), {_KEEP: kept}, count=len(crds))
    return _only_if(
        ".Values.crds.install", text + _only_if(".Values.crds.keep", _text(policy)), header=True
    )


def _operator() -> str:
    bodies = _base("ServiceAccount", "Deployment", "Service", "PodDisruptionBudget")
    (deployment,) = (body for body in bodies if body["kind"] == "Deployment")
    deployment["spec"]["replicas"] = "@replicas@"
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    container["resources"] = "@resources@"
    container["env"].append(_SETTINGS)
    deployment["spec"]["template"]["spec"] = {_POD: None, **pod}
    return _HEADER + _replaced(
        _text(bodies),
        {
            f"      '{_POD}': null\n": _POD_LINES,
            f"        - '{_SETTINGS}'\n": _SETTINGS_LINES,
            "'@replicas@'": "{{ .Values.replicas }}",
            " '@resources@'\n": "\n          {{- toYaml .Values.resources | nindent 10 }}\n",
        },
    )


def _rights() -> str:
    """Return the rights: on the whole cluster, or in each namespace of the values."""
    bodies = list(objects_in(BASE / "rbac.yaml"))
    cluster = [body for body in bodies if body["kind"].startswith("ClusterRole")]
    own = _base("Role", "RoleBinding")
    served = list(objects_in(_MANIFESTS / "namespaced" / "served-namespace.yaml"))
    each = _text(served, "{{ $.Release.Namespace }}").replace(
        "namespace: trading", "namespace: {{ . }}"
    )
    return (
        _HEADER
        + _text(own)
        + "{{- if .Values.namespaces }}\n{{- range .Values.namespaces }}\n"
        + each
        + "{{- end }}\n{{- else }}\n"
        + _text(cluster)
        + "{{- end }}\n"
    )


def _network_policy() -> str:
    (body,) = _base("NetworkPolicy")
    body["spec"]["ingress"][0]["from"] = "@from@"
    text = _replaced(
        _text([body]),
        {" '@from@'\n": "\n    {{- toYaml .Values.networkPolicy.metricsFrom | nindent 4 }}\n"},
    )
    return _only_if(".Values.networkPolicy.enabled", text, header=True)


def _monitoring() -> str:
    folder = _MANIFESTS / "monitoring"
    bodies = [*objects_in(folder / "pod-monitors.yaml"), *objects_in(folder / "alerts.yaml")]
    return _only_if(".Values.monitoring.enabled", _text(bodies), header=True)


def _artifact_cache() -> str:
    bodies = list(objects_in(_MANIFESTS / "cache" / "artifact-cache.yaml"))
    return _only_if(".Values.artifactCache.enabled", _text(bodies), header=True)


def _user_roles() -> str:
    return _only_if(".Values.userRoles", _text(objects_in(BASE / "rbac-users.yaml")), header=True)


def _base(*kinds: str) -> list[Body]:
    return [body for body in objects_of(BASE) if not kinds or body["kind"] in kinds]


def _container() -> dict[str, Any]:
    (deployment,) = _base("Deployment")
    container: dict[str, Any] = deployment["spec"]["template"]["spec"]["containers"][0]
    return container


def _prometheus_url() -> str:
    kustomization = yaml.safe_load((_MANIFESTS / "monitoring" / "kustomization.yaml").read_text())
    patch = yaml.safe_load(kustomization["patches"][0]["patch"])
    url: str = patch["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"]
    return url


def _text(bodies: Iterable[Body], namespace: str = "{{ .Release.Namespace }}") -> str:
    """Return the objects as a template, with the image and namespace of the release."""
    text = write_manifests(bodies, explicit_start=True, allow_unicode=True, width=100)
    # Braces of our own texts, such as those of alerts, are no expressions of Helm.
    text = text.replace("{{", '{{ "{{" }}')
    text = text.replace(IMAGE, _IMAGE)
    return text.replace(f"namespace: {NAMESPACE}\n", f"namespace: {namespace}\n")


def _only_if(condition: str, text: str, *, header: bool = False) -> str:
    return (_HEADER if header else "") + f"{{{{- if {condition} }}}}\n{text}{{{{- end }}}}\n"


def _replaced(text: str, changes: Mapping[str, str], count: int = 1) -> str:
    """Return the text with the changes.

    Raises:
        ValueError: if a text that is to be replaced is not there as often as expected.
    """
    for old, new in changes.items():
        if (times := text.count(old)) != count:
            raise ValueError(
                f"{FOLDER}: found {old!r} {times} times in the YAML of the manifests, expected"
                f" {count}: correct hack/installation/chart.py"
            )
        text = text.replace(old, new)
    return text
