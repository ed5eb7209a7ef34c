"""Sections with the reference's keys, so that its files load as they are."""

from typing import Annotated, Literal

from pydantic import Field

from serving.settings.durations import Duration
from serving.settings.places import Folder, WebAddress
from serving.settings.section import Section


class MlflowSettings(Section):
    """The model registry, and the folder that Triton serves models from."""

    tracking_uri: WebAddress = "http://localhost:5000"
    model_registry: Folder = "./models"


class StorageSettings(Section):
    """The place of results of batches, of the spool, and of cached answers without Redis."""

    cache_dir: Folder = "./cache"


class DuckdbSettings(Section):
    """A database file of this machine."""

    type: Literal["duckdb"] = "duckdb"
    path: Annotated[str, Field(min_length=1)] = "./data/ml.duckdb"


class BigquerySettings(Section):
    """A data set in BigQuery."""

    type: Literal["bigquery"]
    project: Annotated[str, Field(pattern=r"^[a-z][a-z0-9:.-]{1,60}[a-z0-9]$")]
    dataset: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,1024}$")]


DatabaseSettings = Annotated[DuckdbSettings | BigquerySettings, Field(discriminator="type")]


class InferenceSettings(Section):
    """Limits of predictions."""

    batch_size: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """The most items of one batch request."""
    cache_ttl: Duration = 60.0
    """How long an answer may be given again; 0 turns the cache off."""
    max_concurrent_models: Annotated[int, Field(ge=1, le=256)] = 4
    """Models with an open connection and requests in flight."""


class MonitoringSettings(Section):
    """The window of figures, and the share of change that is an alert."""

    metrics_window: Duration = 3600.0
    alert_threshold: Annotated[float, Field(ge=0, le=1)] = 0.1
