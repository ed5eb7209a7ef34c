"""Items of batches: each is checked and answered on its own, and counted as a prediction."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from serving.gateway.bodies import of_validation
from serving.gateway.call import Call
from serving.gateway.predictor import Predictor
from serving.gateway.problems import Reason, RefusedError, of_field
from serving.gateway.requests import EnsembleItem, PriceItem, SentimentItem
from serving.gateway.telemetry import Telemetry

_ITEMS: dict[str, TypeAdapter[Any]] = {
    "price": TypeAdapter(PriceItem),
    "sentiment": TypeAdapter(SentimentItem),
    "ensemble": TypeAdapter(EnsembleItem),
}


@dataclass(frozen=True, slots=True)
class Items:
    """The answers of items, by the predictor that all routes share."""

    predictor: Predictor
    telemetry: Telemetry

    async def answer(self, item: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return the answer of an item; RefusedError with the problem of its own fields."""
        kind = item.get("kind", "price")
        adapter = _ITEMS.get(kind) if isinstance(kind, str) else None
        if adapter is None:
            raise RefusedError(
                of_field(
                    Reason.INVALID_FIELD, "kind", kind, "price, sentiment or ensemble",
                    "correct the kind",
                )
            )  # fmt: skip
        try:
            # The standard library's: integers of any size are to be refused by the field's rule.
            body = adapter.validate_json(json.dumps(item))
        except ValidationError as error:
            raise RefusedError(of_validation(error)) from None
        answer: dict[str, Any] = await getattr(self.predictor, kind)(body, call)
        count(self.telemetry, kind, call)
        return answer


def count(telemetry: Telemetry, kind: str, call: Call) -> None:
    """Count a prediction of this kind by its cache, confidence and age."""
    telemetry.lookups.labels(kind, call.lookup.value).inc()
    if call.confidence is not None:
        labels = (kind, call.model, call.served_version)
        telemetry.confidence.labels(*labels).observe(call.confidence)
    if call.age is not None:
        telemetry.freshness.labels(kind, call.age.freshness.value).inc()
        if call.age.seconds is not None:
            telemetry.lag.labels(kind).observe(call.age.seconds)
