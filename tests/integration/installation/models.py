"""A model on a cluster without an operator, and how somebody asks for its deletion."""

from hack.cluster.kubectl import Kubectl

CRDS = ("ensemblepipelines.inference.aipx.io", "inferencemodels.inference.aipx.io")
ASKED = "inference.aipx.io/delete-models=true"
MODEL = """
apiVersion: inference.aipx.io/v1alpha1
kind: InferenceModel
metadata: {name: double, namespace: default}
spec:
  model:
    format: onnx
    maxBatchSize: 8
    source: {uri: "https://store.example.com/double/1/model.onnx"}
"""


def models(kubectl: Kubectl) -> str:
    """Return the names of all models, as kubectl prints them."""
    return kubectl("get", "inferencemodels", "-A", "-o", "name").strip()


def ask(kubectl: Kubectl) -> None:
    """Annotate both CRDs, so that they may be deleted with all models."""
    kubectl("annotate", "crd", *CRDS, ASKED, "--overwrite")
