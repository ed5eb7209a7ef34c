"""Diagnosis of pods that do not serve: one module for each stage of a pod, and their chain."""

from inference_operator.planning.status.diagnosis.case import Case, Diagnosis
from inference_operator.planning.status.diagnosis.chain import diagnose
from inference_operator.planning.status.diagnosis.loader import ARTIFACT_REASONS, load_report
from inference_operator.planning.status.diagnosis.mixed_artifacts import mixed_artifacts
from inference_operator.planning.status.diagnosis.waiting import Stage, Wait, long_wait, next_look

__all__ = [
    "ARTIFACT_REASONS",
    "Case",
    "Diagnosis",
    "Stage",
    "Wait",
    "diagnose",
    "load_report",
    "long_wait",
    "mixed_artifacts",
    "next_look",
]
