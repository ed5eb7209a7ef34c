"""One call for a prediction, and the parts that calls share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from serving.client.interface import PredictionClient
from serving.gateway.answer_cache import AnswerCache, Lookup, Versions
from serving.gateway.feature_store import FeatureStore
from serving.gateway.in_flight import ModelSlots
from serving.gateway.lag import Age, Calendar
from serving.gateway.outbox import Outbox
from serving.gateway.switch import Switch


@dataclass(slots=True)
class Call:
    """One request for a prediction: what the caller asked, and what it then saw."""

    request_id: str = ""
    version: str = ""
    trace: Mapping[str, str] = field(default_factory=dict)
    """Headers of the trace that the request belongs to."""
    model: str = ""
    served_version: str = ""
    lookup: Lookup = Lookup.OFF
    age: Age | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that predictions need; each may be away but the client."""

    client: PredictionClient
    cache: AnswerCache
    versions: Versions
    features: FeatureStore
    outbox: Outbox | None
    switch: Switch
    slots: ModelSlots
    calendar: Calendar | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
