"""Records that an attacker wrote: none is accepted whose children an operator would not render."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.resources.records import (
    config,
    loader,
    pod,
    template_of,
    triton,
    why_not,
    workload,
    written,
)

Body = dict[str, Any]
Attack = Callable[[Body], object]
DEEP: Any = {}
for _ in range(500):
    DEEP = {"a": [DEEP]}


def volume(**kind: Any) -> Attack:
    return lambda body: pod(body)["volumes"].append({"name": "secret-0", **kind})


TOKEN = {"sources": [{"serviceAccountToken": {"path": "token"}}]}
CHILDREN: dict[str, Attack] = {
    "another namespace": lambda b: workload(b)["metadata"].update(namespace="kube-system"),
    "a ConfigMap of another namespace": lambda b: config(b)["metadata"].update(namespace="x"),
    "no namespace": lambda b: workload(b)["metadata"].pop("namespace"),
    "another name": lambda b: workload(b)["metadata"].update(name="coredns"),
    "a name that is none": lambda b: workload(b)["metadata"].update(name=["x"]),
    "a generated name": lambda b: workload(b)["metadata"].update(generateName="x-"),
    "an owner": lambda b: workload(b)["metadata"].update(ownerReferences=[]),
    "a finalizer": lambda b: config(b)["metadata"].update(finalizers=["x/y"]),
    "an annotation": lambda b: workload(b)["metadata"].update(annotations={"a": "b"}),
    "a further label": lambda b: workload(b)["metadata"]["labels"].update(app="till"),
    "a label less": lambda b: config(b)["metadata"]["labels"].popitem(),
    "labels that are none": lambda b: config(b)["metadata"].update(labels=[1]),
    "a further child": lambda b: b["data"]["children"].append(config(b)),
    "a child less": lambda b: b["data"]["children"].pop(),
    "one kind twice": lambda b: b["data"].update(children=[config(b), config(b)]),
    "the other order": lambda b: b["data"]["children"].reverse(),
    "another kind": lambda b: workload(b).update(kind="DaemonSet"),
    "a ClusterRoleBinding": lambda b: config(b).update(
        apiVersion="rbac.authorization.k8s.io/v1", kind="ClusterRoleBinding"
    ),
    "another group": lambda b: workload(b).update(apiVersion="extensions/v1beta1"),
    "a nested list": lambda b: b["data"].update(children=[b["data"]["children"]]),
    "a List": lambda b: config(b).update(kind="List", items=[]),
    "nothing": lambda b: b["data"].update(children=None),
    "numbers": lambda b: b["data"].update(children=[5, 6]),
    "a map": lambda b: b["data"].update(children={"0": 1}),
    "binary data": lambda b: config(b).update(binaryData={"x": "eA=="}),
    "a ConfigMap that can be changed": lambda b: config(b).update(immutable=False),
    "no plan": lambda b: config(b)["data"].pop("plan.json"),
    "a plan that is none": lambda b: config(b)["data"].update({"plan.json": "{}"}),
    "a plan that is nested deep": lambda b: config(b)["data"].update({"plan.json": "[" * 99_999}),
    "a further file": lambda b: config(b)["data"].update({"x.config.pbtxt": ""}),
    "a file that is a number": lambda b: config(b)["data"].update({"plan.json": 5}),
    "replicas": lambda b: workload(b)["spec"].update(replicas=1000),
    "a strategy": lambda b: workload(b)["spec"].update(strategy={"type": "Recreate"}),
    "another selector": lambda b: workload(b)["spec"].update(selector={"matchLabels": {"a": "b"}}),
    "expressions": lambda b: workload(b)["spec"]["selector"].update(matchExpressions=[]),
    "a status": lambda b: workload(b).update(status={}),
    "no spec": lambda b: workload(b).update(spec=None),
    "no template": lambda b: workload(b)["spec"].update(template=7),
}
TEMPLATE: dict[str, Attack] = {
    "a pod label": lambda b: template_of(b)["metadata"]["labels"].update(app="till"),
    "a pod annotation": lambda b: template_of(b)["metadata"]["annotations"].update(
        {"container.apparmor.security.beta.kubernetes.io/triton": "unconfined"}
    ),
    "a pod namespace": lambda b: template_of(b)["metadata"].update(namespace="kube-system"),
    "hostNetwork": lambda b: pod(b).update(hostNetwork=True),
    "hostPID": lambda b: pod(b).update(hostPID=True),
    "hostIPC": lambda b: pod(b).update(hostIPC=True),
    "hostUsers": lambda b: pod(b).update(hostUsers=True),
    "hostAliases": lambda b: pod(b).update(hostAliases=[]),
    "nodeName": lambda b: pod(b).update(nodeName="control-plane"),
    "shareProcessNamespace": lambda b: pod(b).update(shareProcessNamespace=True),
    "dnsConfig": lambda b: pod(b).update(dnsConfig={"nameservers": ["10.0.0.1"]}),
    "schedulerName": lambda b: pod(b).update(schedulerName="mine"),
    "priority": lambda b: pod(b).update(priority=2_000_000_000),
    "resourceClaims": lambda b: pod(b).update(resourceClaims=[]),
    "a mounted token": lambda b: pod(b).update(automountServiceAccountToken=True),
    "a token by default": lambda b: pod(b).pop("automountServiceAccountToken"),
    "a false that is a number": lambda b: pod(b).update(automountServiceAccountToken=0),
    "service links": lambda b: pod(b).update(enableServiceLinks=True),
    "the old service account": lambda b: pod(b).update(serviceAccount="admin"),
    "a service account that is a list": lambda b: pod(b).update(serviceAccountName=["admin"]),
    "ephemeral containers": lambda b: pod(b).update(ephemeralContainers=[]),
    "a further container": lambda b: pod(b)["containers"].append(triton(b)),
    "a further init container": lambda b: pod(b)["initContainers"].append(loader(b)),
    "a sidecar": lambda b: loader(b).update(restartPolicy="Always"),
    "no init container": lambda b: pod(b).pop("initContainers"),
    "another container": lambda b: triton(b).update(name="miner"),
    "root": lambda b: pod(b)["securityContext"].update(runAsUser=0),
    "perhaps root": lambda b: pod(b)["securityContext"].update(runAsNonRoot=False),
    "the group of root": lambda b: pod(b)["securityContext"].update(fsGroup=0),
    "further groups": lambda b: pod(b)["securityContext"].update(supplementalGroups=[0]),
    "sysctls": lambda b: pod(b)["securityContext"].update(sysctls=[]),
    "seLinuxOptions": lambda b: pod(b)["securityContext"].update(seLinuxOptions={}),
    "no seccomp": lambda b: pod(b)["securityContext"].update(seccompProfile={"type": "Unconfined"}),
    "a profile of the node": lambda b: pod(b)["securityContext"].update(
        seccompProfile={"type": "Localhost", "localhostProfile": "x"}
    ),
    "privileged": lambda b: triton(b)["securityContext"].update(privileged=True),
    "escalation": lambda b: loader(b)["securityContext"].update(allowPrivilegeEscalation=True),
    "a writable root": lambda b: triton(b)["securityContext"].update(readOnlyRootFilesystem=False),
    "an added capability": lambda b: triton(b)["securityContext"]["capabilities"].update(
        add=["NET_BIND_SERVICE"]
    ),
    "kept capabilities": lambda b: loader(b)["securityContext"].update(capabilities={}),
    "procMount": lambda b: triton(b)["securityContext"].update(procMount="Unmasked"),
    "root in a container": lambda b: triton(b)["securityContext"].update(runAsUser=0),
    "no context": lambda b: triton(b).pop("securityContext"),
    "another command": lambda b: triton(b).update(command=["sh", "-c"]),
    "no command": lambda b: triton(b).pop("command"),
    "a command of the loader": lambda b: loader(b).update(command=["sh"]),
    "another subcommand": lambda b: loader(b)["args"].__setitem__(0, "run"),
    "another folder": lambda b: loader(b)["args"].__setitem__(2, "--output=/etc"),
    "a further argument": lambda b: loader(b)["args"].append("--x"),
    "a folder of backends": lambda b: triton(b)["args"].append("--backend-directory=/models"),
    "models on demand": lambda b: triton(b)["args"].append("--model-control-mode=explicit"),
    "another port": lambda b: triton(b)["args"].append("--http-port=22"),
    "a plain argument": lambda b: triton(b)["args"].append("rm"),
    "envFrom": lambda b: triton(b).update(envFrom=[{"secretRef": {"name": "x"}}]),
    "envFrom of the loader": lambda b: loader(b).update(envFrom=[]),
    "a variable of the loader": lambda b: loader(b).update(
        env=[{"name": "LD_PRELOAD", "value": "/models/x.so"}]
    ),
    "a field of the node": lambda b: triton(b).update(
        env=[{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]
    ),
    "a value twice": lambda b: triton(b).update(env=[{"name": "A", "value": "", "valueFrom": {}}]),
    "exec before the end": lambda b: triton(b)["lifecycle"].update(
        preStop={"exec": {"command": ["sh"]}}
    ),
    "a request before the end": lambda b: triton(b)["lifecycle"].update(
        preStop={"httpGet": {"host": "169.254.169.254", "port": 80}}
    ),
    "a hook at the start": lambda b: triton(b)["lifecycle"].update(postStart={}),
    "a hook of the loader": lambda b: loader(b).update(lifecycle={}),
    "exec in a probe": lambda b: triton(b).update(livenessProbe={"exec": {"command": ["sh"]}}),
    "a probe of another host": lambda b: triton(b)["readinessProbe"]["httpGet"].update(host="x"),
    "headers": lambda b: triton(b)["startupProbe"]["httpGet"].update(httpHeaders=[]),
    "a probe of the loader": lambda b: loader(b).update(livenessProbe={}),
    "hostPort": lambda b: triton(b)["ports"][0].update(hostPort=80),
    "stdin": lambda b: triton(b).update(stdin=True),
    "devices": lambda b: triton(b).update(volumeDevices=[]),
    "a folder of messages": lambda b: loader(b).update(terminationMessagePath="/models/x"),
    "a pull policy": lambda b: triton(b).update(imagePullPolicy="Never"),
    "no image": lambda b: triton(b).pop("image"),
    "an image with a newline": lambda b: triton(b).update(image="a\nb"),
    "claims of devices": lambda b: triton(b).update(resources={"claims": []}),
    "an amount that is a list": lambda b: triton(b).update(resources={"limits": {"cpu": [1]}}),
    "hostPath": volume(hostPath={"path": "/"}),
    "projected": volume(projected=TOKEN),
    "csi": volume(csi={"driver": "x"}),
    "ephemeral": volume(ephemeral={}),
    "image": volume(image={"reference": "x"}),
    "downwardAPI": volume(downwardAPI={}),
    "nfs": volume(nfs={"server": "x", "path": "/"}),
    "two kinds": volume(secret={"secretName": "x", "optional": True}, hostPath={"path": "/"}),
    "no kind": volume(),
    "a secret with a mode": volume(
        secret={"secretName": "x", "optional": True, "defaultMode": 511}
    ),
    "a claim that is written": lambda b: pod(b)["volumes"].append(
        {"name": "claim-0", "persistentVolumeClaim": {"claimName": "x", "readOnly": False}}
    ),
    "another ConfigMap": lambda b: pod(b)["volumes"].append(
        {"name": "plan", "configMap": {"name": "kube-root-ca.crt"}}
    ),
    "another volume": lambda b: pod(b)["volumes"].append({"name": "host", "emptyDir": {}}),
    "a volume that is none": lambda b: pod(b)["volumes"].append(None),
    "a subPath": lambda b: triton(b)["volumeMounts"][0].update(subPath="../x"),
    "propagation": lambda b: triton(b)["volumeMounts"][0].update(mountPropagation="Bidirectional"),
    "another folder of a mount": lambda b: triton(b)["volumeMounts"][0].update(mountPath="/etc"),
    "credentials for Triton": lambda b: triton(b)["volumeMounts"].append(
        {"name": "secret-0", "mountPath": "/etc/inference-operator/credentials/x"}
    ),
    "a folder above": lambda b: loader(b)["volumeMounts"].append(
        {"name": "secret-0", "mountPath": "/etc/inference-operator/credentials/.."}
    ),
    "a deep affinity": lambda b: pod(b).update(affinity=DEEP),
    "an affinity that Kubernetes does not have": lambda b: pod(b).update(
        affinity={"nodeAffinity": {"anything": [{"at": None}]}}
    ),
    "a deep affinity below a field": lambda b: pod(b).update(
        affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [DEEP]}}
    ),
    "a deep spread": lambda b: pod(b).update(topologySpreadConstraints=[DEEP]),
    "a deep toleration": lambda b: pod(b).update(tolerations=[DEEP]),
    "a huge number": lambda b: pod(b).update(terminationGracePeriodSeconds=10**5000),
    "no number": lambda b: pod(b).update(terminationGracePeriodSeconds=float("nan")),
    "a huge list": lambda b: pod(b).update(containers=[None] * 100_000),
    "containers that are none": lambda b: pod(b).update(containers=5),
    "a key that is no text": lambda b: pod(b).update({5: 6}),
}


@pytest.mark.parametrize("attack", CHILDREN.values(), ids=CHILDREN)
def test_children_are_one_config_map_and_one_deployment_of_the_unit(attack: Attack) -> None:
    body = written()
    attack(body)
    assert why_not(body).startswith("data.children")


@pytest.mark.parametrize("attack", TEMPLATE.values(), ids=TEMPLATE)
def test_a_template_that_no_operator_renders_is_not_accepted(attack: Attack) -> None:
    body = written()
    attack(body)
    assert why_not(body).startswith("data.children[1].spec.template")


def test_the_message_names_field_value_and_requirement() -> None:
    body = written()
    workload(body)["metadata"]["namespace"] = "kube-system"
    assert why_not(body) == (
        "data.children[1].metadata.namespace: found 'kube-system', expected 'desk-7'"
    )

    body = written()
    pod(body)["hostNetwork"] = True
    assert why_not(body) == (
        "data.children[1].spec.template.spec['hostNetwork']: found True, expected no such field"
    )


def test_a_message_holds_no_control_bytes_and_no_long_value() -> None:
    body = written()
    pod(body)["\x1b[2J" + "k" * 9000] = "v" * 9000
    reason = why_not(body)

    assert reason.isascii()
    assert reason.isprintable()
    assert len(reason) < 300
