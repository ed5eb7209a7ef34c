"""Frozen values that client and gateway share: questions and answers of predictions.

Import them from here. They need numpy alone, and do no IO.
"""

from serving.records.answers import (
    Answerer,
    EnsemblePrediction,
    Interval,
    PricePrediction,
    RowProblem,
    SentimentPrediction,
    Timings,
)
from serving.records.metadata import ModelMetadata, TensorMetadata
from serving.records.questions import CallOptions, EnsembleQuestion, PriceQuestion
from serving.records.statistics import GpuUse, ModelStatistics, ServerMetrics
from serving.records.tensors import Array, InferAnswer

__all__ = [
    "Answerer",
    "Array",
    "CallOptions",
    "EnsemblePrediction",
    "EnsembleQuestion",
    "GpuUse",
    "InferAnswer",
    "Interval",
    "ModelMetadata",
    "ModelStatistics",
    "PricePrediction",
    "PriceQuestion",
    "RowProblem",
    "SentimentPrediction",
    "ServerMetrics",
    "TensorMetadata",
    "Timings",
]
