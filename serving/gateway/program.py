"""The parts of a gateway, made from its settings and a client."""

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
from serving.gateway.call import Call, Parts
from serving.gateway.edge import EdgeParts
from serving.gateway.edge_parts import edge_parts
from serving.gateway.feature_store import FeatureStore, FileFeatures, RedisFeatures
from serving.gateway.figures import Window
from serving.gateway.in_flight import InFlight, ModelSlots
from serving.gateway.items import Items
from serving.gateway.outbox import Outbox
from serving.gateway.predictor import Predictor
from serving.gateway.readiness import Readiness
from serving.gateway.record_folder import RecordFolder
from serving.gateway.switch import Switch
from serving.gateway.telemetry import Telemetry
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

    async def start(self) -> None:
        await self.edge.start()
        if self.parts.outbox is not None:
            self.parts.outbox.start()
        self.batches.start()

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


def unsupported(settings: Settings) -> list[str]:
    """Return a sentence for each setting that this version of the gateway cannot follow."""
    targets = settings.triton.targets.values()
    limits = {
        "server.workers": (settings.server.workers != 1, "1"),
        "server.certificate_file": (bool(settings.server.certificate_file), "no file"),
        "cors.origins": (bool(settings.cors.origins), "no origins"),
        "lag.calendar": (bool(settings.lag.calendar), "no calendar: ages are in clock time"),
        "monitor.url": (settings.monitor.url is not None, "no address: records go to a folder"),
        "triton.targets": (
            any(each.metrics_url for each in targets),
            "no metrics_url",
        ),
        "logging.traces_url": (settings.logging.traces_url is not None, "no address"),
        "outbox.features": (settings.outbox.features == "full", "hash"),
        "storage.cache_dir": (
            is_bucket(settings.storage.cache_dir),
            "a folder of this machine (SERVING_STORAGE__CACHE_DIR)",
        ),
    }
    return [
        f"{key}: expected {expected}, this version of the gateway cannot do more; change it"
        for key, (is_unsupported, expected) in limits.items()
        if is_unsupported
    ]


def assemble(settings: Settings, client: PredictionClient) -> Gateway:
    """Make all parts; ValueError with a sentence for each setting that cannot be followed."""
    if problems := unsupported(settings):
        raise ValueError("\n".join(problems))
    telemetry, folder = Telemetry(), Path(settings.storage.cache_dir)
    redis = Redis.from_url(settings.redis.url) if settings.redis.url else None
    switch = Switch(settings.switch.disabled, settings.switch.file)
    outbox = _outbox(settings, folder)
    features: FeatureStore = (
        RedisFeatures(redis) if redis is not None else FileFeatures(folder / "features")
    )
    parts = Parts(
        client,
        _cache(settings, folder, telemetry),
        Versions(),
        features,
        outbox,
        switch,
        ModelSlots(settings.inference.max_concurrent_models),
    )
    limits = settings.limits
    in_flight = InFlight(limits.in_flight, limits.queue, limits.queue_timeout)
    telemetry.watch(lambda: in_flight.running, lambda: client.retried, outbox)
    figures = Window(max(60.0, settings.monitoring.metrics_window))
    edge = edge_parts(settings, in_flight, telemetry, figures)
    readiness = Readiness(settings.routes, client, switch)
    predictor = Predictor(settings, parts)
    items = Items(predictor, telemetry)
    batches = _batches(settings, folder, items)
    return Gateway(
        settings, parts, predictor, readiness, telemetry, figures, edge, items, batches, redis
    )


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
    lost: list[Outbox] = []

    def removed(count: int) -> None:
        lost[0].counts.drop("folder_full", count)

    sink = RecordFolder(folder / "records", outbox.spool_bytes, removed=removed)
    made = Outbox(sink, most=outbox.queue, batch=outbox.batch, interval=outbox.interval)
    lost.append(made)
    return made
