"""A pipeline's graph: its steps and the tensors between them, checked before a pod starts."""

from model_builders.graph.checks import check_graph
from model_builders.graph.model import PIPELINE, Edge, Graph, GraphStep, edges

__all__ = ["PIPELINE", "Edge", "Graph", "GraphStep", "check_graph", "edges"]
