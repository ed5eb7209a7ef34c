"""Servers, and the models and tensors of each route."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from serving.settings.durations import Duration
from serving.settings.places import HostAndPort, WebAddress
from serving.settings.section import Section

Name = Annotated[str, Field(min_length=1, max_length=253)]


class TargetSettings(Section):
    """One server, or the pods behind one name.

    `round_robin` spreads calls over all addresses of the name: give it a headless Service
    (`spec.service.headless` makes NAME-headless). `pick_first` uses one connection: for a
    gateway, whose weights must hold, and for a Service with an address of its own.
    `http` is for networks without HTTP/2; Triton has it on port 8000.
    """

    address: HostAndPort = "localhost:8001"
    protocol: Literal["grpc", "http"] = "grpc"
    balance: Literal["round_robin", "pick_first"] = "round_robin"
    tls: bool = False
    ca_file: str = ""
    """The authorities that sign the server's certificate, as PEM; empty takes the machine's."""
    authority: str = ""
    """The host name that a gateway routes by, if it is not that of the address."""
    metrics_url: WebAddress | None = None
    """Triton's own metrics, for figures of GPUs."""

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if self.ca_file and not self.tls:
            raise PydanticCustomError("tls", "found ca_file without TLS, expected tls: true")
        return self


class TritonSettings(Section):
    """Servers by name, and how calls wait, are retried and end."""

    targets: Annotated[dict[Name, TargetSettings], Field(min_length=1, max_length=64)] = {
        "triton": TargetSettings()
    }
    timeout: Duration = 5.0
    """Seconds for one call with all its attempts."""
    connect_timeout: Duration = 1.0
    retry_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Retries that each call earns: 0.2 allows one more attempt for every five calls."""
    retry_burst: Annotated[int, Field(ge=0, le=1000)] = 20
    """Retries that may come at once, after a time without any."""
    attempts: Annotated[int, Field(ge=1, le=20)] = 6
    """The most attempts of one call."""
    backoff: Duration = 0.05
    """The wait before the second attempt; it doubles, and is drawn between half and all of it."""
    longest_backoff: Duration = 1.0
    most_message_bytes: Annotated[int, Field(ge=1024, le=2**31 - 1)] = 64 * 1024 * 1024


class RouteSettings(Section):
    """A model that answers a route, and the server that has it."""

    target: Name = "triton"
    model: Name


class PriceRouteSettings(RouteSettings):
    """A price model: bars in, the change of the close and its interval out."""

    model: Name = "lstm_price_predictor"
    bars: Name = "ohlcv"
    change: Name = "OUTPUT__0"
    interval: Name = "OUTPUT__1"
    steps: Annotated[int, Field(ge=1, le=10_000)] = 60
    longest_standstill: Annotated[int, Field(ge=1, le=10_000)] = 59
    """The most of the newest bars that may have one close; more mean that a feed has stopped."""


class SentimentRouteSettings(RouteSettings):
    """A sentiment model that takes tokens, or (with `text`) a pipeline that takes the text."""

    model: Name = "sentiment_transformer"
    text: str = ""
    """The tensor of the text; empty if the model takes tokens."""
    input_ids: Name = "input_ids"
    attention_mask: Name = "attention_mask"
    sentiment: Name = "score__0"
    confidence: Name = "confidence__1"
    max_tokens: Annotated[int, Field(ge=3, le=512)] = 128
    vocabulary: str = ""
    """The `vocab.txt` of the model; empty takes the shipped one, uncased English BERT."""


class EnsembleRouteSettings(RouteSettings):
    """A pipeline: bars and a text in, the change of the close with its confidence out."""

    model: Name = "ensemble_predictor"
    bars: Name = "ohlcv"
    text: Name = "text"
    change: Name = "price"
    sentiment: Name = "score"
    confidence: Name = "confidence"
    problem: str = "problem"
    """The tensor that explains NaN; empty if the pipeline has none."""
    price_alone: str = ""
    """The tensor of the price model's own forecast; empty if the pipeline does not give it."""
    steps: Annotated[int, Field(ge=1, le=10_000)] = 60
    longest_standstill: Annotated[int, Field(ge=1, le=10_000)] = 59


class RoutesSettings(Section):
    """The three routes; a route that is null is not offered."""

    price: PriceRouteSettings | None = PriceRouteSettings()
    sentiment: SentimentRouteSettings | None = SentimentRouteSettings()
    ensemble: EnsembleRouteSettings | None = EnsembleRouteSettings()
    others: Annotated[dict[Name, RouteSettings], Field(max_length=256)] = {}
    """More models, by the name that callers use."""


class ServingSettings(Section):
    """Servers and routes together, whose names must fit: all that the client reads."""

    triton: TritonSettings = TritonSettings()
    routes: RoutesSettings = RoutesSettings()
    most_models: Annotated[int, Field(ge=1, le=256)] = 4

    @model_validator(mode="after")
    def _targets_exist(self) -> Self:
        for name, target in targets_of(self.routes):
            if target not in self.triton.targets:
                choices = ", ".join(sorted(self.triton.targets))
                raise PydanticCustomError(
                    "target",
                    "routes.{name}.target: found {target}, expected one of triton.targets:"
                    " {choices}",
                    {"name": name, "target": target, "choices": choices},
                )
        return self


def targets_of(routes: RoutesSettings) -> list[tuple[str, str]]:
    """Return the name of each route and of its target."""
    three = {"price": routes.price, "sentiment": routes.sentiment, "ensemble": routes.ensemble}
    offered = [(name, route.target) for name, route in three.items() if route is not None]
    return offered + [(f"others.{name}", route.target) for name, route in routes.others.items()]
