"""The parts of a gateway, made from its settings and a client."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from serving.client.interface import PredictionClient
from serving.gateway.answer_cache import AnswerCache, Versions
from serving.gateway.batches.folder import BatchFolder, Bounds
from serving.gateway.batches.work import Batches
from serving.gateway.caches.files import FileCache
from serving.gateway.caches.memory import MemoryCache
from serving.gateway.caches.port import Cache
from serving.gateway.caches.redis import RedisCache
from serving.gateway.calendars import calendar_of
from serving.gateway.call import Call, Parts
from serving.gateway.edge import EdgeParts
from serving.gateway.edge_parts import edge_parts
from serving.gateway.feature_store import FeatureStore, FileFeatures, RedisFeatures
from serving.gateway.figures import Window
from serving.gateway.in_flight import InFlight, ModelSlots
from serving.gateway.items import Items
from serving.gateway.monitor_sink import MonitorSink, posting
from serving.gateway.outbox import Outbox, OutboxCounts, Sink
from serving.gateway.predictor import Predictor
from serving.gateway.readiness import Readiness
from serving.gateway.record_folder import RecordFolder
from serving.gateway.shared_figures import SharedFigures
from serving.gateway.switch import Switch
from serving.gateway.telemetry import Telemetry
from serving.gateway.traced_client import TracedClient
from serving.gateway.tracing import SpanCounts, Spans, spans_of
from serving.settings import Settings
from serving.settings.places import is_bucket

_MEMORY_BYTES, _FILE_BYTES = 32 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class Gateway:
    """All parts of a running gateway."""

    settings: Settings
    parts: Parts
    predictor: Predictor
    readiness: Readiness
    telemetry: Telemetry
    figures: Window
    edge: EdgeParts
    items: Items
    batches: Batches
    redis: Any = None
    shared: SharedFigures | None = None
    """With several workers: the figures of all of them."""

    async def exposition(self) -> bytes:
        """Return the metrics of all workers for Prometheus."""
        self.telemetry.refresh()
        if self.shared is None:
            return self.telemetry.exposition()
        return await asyncio.to_thread(self.telemetry.exposition)

    async def all_figures(self) -> dict[str, Any]:
        """Return counts, rates and latencies of all workers."""
        return self.figures.figures() if self.shared is None else await self.shared.figures()

    async def start(self) -> None:
        await self.edge.start()
        if self.parts.outbox is not None:
            self.parts.outbox.start()
        self.batches.start()
        if self.shared is not None:
            self.shared.start()

    async def close(self) -> None:
        """End in the order of use: records are written before the connections go."""
        await self.batches.close()
        if self.parts.outbox is not None:
            await self.parts.outbox.close()
        await self.edge.close()
        await self.parts.cache.close()
        if self.redis is not None:
            await self.redis.aclose()
        await self.parts.client.close()
        if self.shared is not None:
            await self.shared.close()


@dataclass(frozen=True, slots=True)
class Share:
    """The folder that the workers of a program share, and when the program began."""

    folder: Path
    began: float


def unsupported(settings: Settings) -> list[str]:
    """Return a sentence for each setting that this version of the gateway cannot follow."""
    targets = settings.triton.targets.values()
    counts_alone = bool(settings.limits.rate) and not settings.redis.url
    limits = {
        "limits.rate": (
            settings.server.workers > 1 and counts_alone,
            "a redis.url, which counts for all workers, or server.workers: 1; change it",
        ),
        "triton.targets": (
            any(each.metrics_url for each in targets),
            "no metrics_url, which this version of the gateway cannot read; remove it",
        ),
        "storage.cache_dir": (
            is_bucket(settings.storage.cache_dir),
            "a folder, since the gateway appends to its files and locks them, and objects of a"
            " bucket allow neither; set SERVING_STORAGE__CACHE_DIR to a folder",
        ),
    }
    return [
        f"{key}: expected {expected}"
        for key, (is_unsupported, expected) in limits.items()
        if is_unsupported
    ]


def assemble(settings: Settings, client: PredictionClient, share: Share | None = None) -> Gateway:
    """Make all parts; ValueError with a sentence for each setting that cannot be followed."""
    if problems := unsupported(settings):
        raise ValueError("\n".join(problems))
    telemetry = Telemetry(share.folder if share else None)
    spans = _spans(settings, telemetry)
    if spans is not None:
        client = TracedClient(client, spans)
    folder = Path(settings.storage.cache_dir)
    redis = Redis.from_url(settings.redis.url) if settings.redis.url else None
    switch = Switch(settings.switch.disabled, settings.switch.file)
    outbox = _outbox(settings, folder)
    features: FeatureStore = (
        RedisFeatures(redis) if redis is not None else FileFeatures(folder / "features")
    )
    lag = settings.lag
    parts = Parts(
        client,
        _cache(settings, folder, telemetry),
        Versions(),
        features,
        outbox,
        switch,
        ModelSlots(settings.inference.max_concurrent_models),
        calendar=calendar_of(lag.calendar, lag.cadence) if lag.calendar else None,
    )
    limits = settings.limits
    in_flight = InFlight(limits.in_flight, limits.queue, limits.queue_timeout)
    telemetry.watch(lambda: in_flight.running, lambda: client.retried, outbox)
    window = max(60.0, settings.monitoring.metrics_window)
    figures = Window(window, began=share.began if share else None)
    shared = SharedFigures(figures, share.folder, telemetry.refresh) if share else None
    edge = edge_parts(settings, in_flight, telemetry, figures, spans)
    readiness = Readiness(settings.routes, client, switch)
    predictor = Predictor(settings, parts)
    items = Items(predictor, telemetry)
    batches = _batches(settings, folder, items)
    return Gateway(
        settings,
        parts,
        predictor,
        readiness,
        telemetry,
        figures,
        edge,
        items,
        batches,
        redis,
        shared,
    )


def _spans(settings: Settings, telemetry: Telemetry) -> Spans | None:
    counts = SpanCounts()
    spans = spans_of(settings, counts)
    if spans is not None:
        telemetry.watch_spans(counts)
    return spans


def _batches(settings: Settings, folder: Path, items: Items) -> Batches:
    bounds = Bounds(settings.batches.most, settings.batches.bytes, settings.batches.keep)

    async def answer(item: dict[str, Any], call_id: str) -> dict[str, Any]:
        return await items.answer(item, Call(request_id=call_id))

    return Batches(BatchFolder(folder / "batches", bounds), answer, settings.batches.at_once)


def _cache(settings: Settings, folder: Path, telemetry: Telemetry) -> AnswerCache:
    stores: list[Cache] = [MemoryCache(_MEMORY_BYTES)]
    if settings.redis.url:
        stores.append(RedisCache(Redis.from_url(settings.redis.url), settings.redis.budget))
    else:
        stores.append(FileCache(folder / "answers", _FILE_BYTES))
    return AnswerCache(
        stores,
        settings.inference.cache_ttl,
        lambda store, call: telemetry.store_failures.labels(store, call).inc(),
    )


def _outbox(settings: Settings, folder: Path) -> Outbox | None:
    outbox = settings.outbox
    if not outbox.enabled:
        return None
    counts, monitor = OutboxCounts(), settings.monitor
    records = RecordFolder(
        folder / ("spool" if monitor.url else "records"),
        outbox.spool_bytes,
        removed=lambda count: counts.drop("folder_full", count),
    )
    sink: Sink = records
    if monitor.url:
        post = posting(monitor.url, monitor.key_file, monitor.timeout)
        sink = MonitorSink(post, records, counts, outbox.batch)
    return Outbox(sink, outbox, counts)
