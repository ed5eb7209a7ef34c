"""One sweep: all queries at one evaluation time, and the parsing of their answers in a thread."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from inference_operator.adapters.prometheus.access import Access, AccessError, AccessFiles
from inference_operator.adapters.prometheus.answer_reader import AnswerRefusedError, Taker
from inference_operator.adapters.prometheus.client import Prometheus, Query, QueryError
from inference_operator.adapters.prometheus.gateway_scope import (
    GatewayScope,
    by_service,
    crowded_families,
)
from inference_operator.adapters.prometheus.needs import Needs
from inference_operator.adapters.prometheus.queries import MOST_ROWS_OF_NAMESPACE, text
from inference_operator.adapters.prometheus.rows import MOST_BYTES, FamilyRows, KnownPods
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.adapters.prometheus.user_value import MOST_USER_BYTES, UserValue
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.shown_uri import shown_uri
from inference_operator.domain.measurement import (
    Family,
    FamilySamples,
    NoAnswer,
    Outage,
    PodName,
    QueryValue,
    Sample,
    Sweep,
)
from inference_operator.planning.measuring.gpus import shared_gpus

AT_ONCE = 4
"""Queries that are under way at the same time."""

# How many of one query's time limits may pass before later queries are not sent: those of users
# must not delay the judgement of everybody.
_PATIENCE, _PATIENCE_FOR_USERS = 3, 1
ANSWERED = "answered"
"""Outcome of a request; any other one is an Outage."""

_Value = TypeVar("_Value", FamilySamples, QueryValue)


@dataclass(frozen=True, slots=True)
class Source:
    """Where sweeps ask, and with what."""

    prometheus: Prometheus
    files: AccessFiles
    scope: Scope
    timeout: float
    """Seconds that one query may take."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """A sweep that is under way."""

    at: datetime
    access: Access
    turns: asyncio.Semaphore
    began: float
    """Monotonic time."""

    pods: KnownPods


class SweepReader:
    """Asker of all queries of a sweep."""

    def __init__(self, source: Source, thread: Executor, telemetry: Telemetry) -> None:
        """Create a reader. `thread` joins the answers; `source` reads them in the same one."""
        self._source = source
        self._thread = thread
        self._requests = telemetry.sweep_requests
        self._name = f"Prometheus at {shown_uri(source.prometheus.uri)}"

    async def read(self, needs: Needs, at: datetime) -> Sweep:
        """Ask all queries and return the answers. What fails is a NoAnswer."""
        loop = asyncio.get_running_loop()
        try:
            access = await loop.run_in_executor(self._thread, self._source.files.read)
        except AccessError as error:
            why = NoAnswer(Outage.UNREACHABLE, str(error))
            queries = dict.fromkeys((*needs.queries, *needs.unasked), why)
            return Sweep(at, dict.fromkeys(needs.families, why), {}, queries)
        pods = {(pod.namespace, pod.name): pod for pod in needs.pods}
        begun = _Begun(at, access, asyncio.Semaphore(AT_ONCE), time.monotonic(), pods)
        # The families first: users' queries may be slow.
        async with asyncio.TaskGroup() as group:
            families = {
                each: group.create_task(self._family(begun, each, needs)) for each in needs.families
            }
            users = {each: group.create_task(self._user(begun, each)) for each in needs.queries}
        answers = {each: task.result() for each, task in families.items()}
        values = {each: task.result() for each, task in users.items()}
        sweep = Sweep(at, answers, {}, {**needs.unasked, **values})
        gateway = self._source.scope.asking(needs.services).gateway
        return await loop.run_in_executor(self._thread, _joined, sweep, needs, gateway)

    async def _family(
        self, begun: _Begun, family: Family, needs: Needs
    ) -> FamilySamples | NoAnswer:
        scope = self._source.scope.asking(needs.services)
        query = Query(text(family, needs.windows, scope), begun.at, MOST_BYTES)
        rows = FamilyRows(family, scope, begun.pods)
        return await self._answer(begun, query, rows, _PATIENCE)

    async def _user(self, begun: _Begun, query: str) -> QueryValue | NoAnswer:
        asked = Query(query, begun.at, MOST_USER_BYTES)
        return await self._answer(begun, asked, UserValue(), _PATIENCE_FOR_USERS)

    async def _answer(
        self, begun: _Begun, query: Query, taker: Taker[_Value], patience: int
    ) -> _Value | NoAnswer:
        async with begun.turns:
            seconds = patience * self._source.timeout
            if time.monotonic() > begun.began + seconds:
                words = f"was not asked: the queries before took longer than {seconds:g} s"
                return self._failed(Outage.TIMED_OUT, words)
            try:
                value = await self._source.prometheus.read(query, begun.access, taker)
            except (QueryError, AnswerRefusedError) as error:
                return self._failed(error.outage, str(error))
        self._requests.labels(ANSWERED).inc()
        return value

    def _failed(self, outage: Outage, words: str) -> NoAnswer:
        self._requests.labels(str(outage)).inc()
        return NoAnswer(outage, f"{self._name} {words}")


def _joined(sweep: Sweep, needs: Needs, gateway: GatewayScope) -> Sweep:
    """Return the sweep with its samples by what they are of."""
    crowded = crowded_families(sweep.families, gateway, MOST_ROWS_OF_NAMESPACE)
    return replace(
        sweep,
        families={**sweep.families, **crowded},
        by_pod=_by_pod(sweep.families, needs.pods),
        shared_gpus=shared_gpus(sweep.families),
        by_service=by_service(sweep.families, needs.services, gateway),
    )


def _by_pod(
    answers: Mapping[Family, FamilySamples | NoAnswer], pods: frozenset[PodName]
) -> Mapping[PodName, Mapping[Family, tuple[Sample, ...]]]:
    """Return the samples of the pods that are asked about, by pod and family."""
    indexed: dict[PodName, dict[Family, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for family, answer in answers.items():
        for sample in answer.samples if isinstance(answer, FamilySamples) else ():
            if sample.pod in pods:
                indexed[sample.pod][family].append(sample)
    return {
        pod: {family: tuple(samples) for family, samples in by_family.items()}
        for pod, by_family in indexed.items()
    }
