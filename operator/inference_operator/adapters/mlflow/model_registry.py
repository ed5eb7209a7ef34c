"""Watches the registry: asks about each registered model once an interval, and wakes whom it
concerns.

Passes ask `resolutions`, which never waits: it says what the registry said last.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from inference_operator.adapters.mlflow.client import Mlflow, RegistryError
from inference_operator.adapters.mlflow.registry_secrets import Place, Secrets
from inference_operator.adapters.mlflow.resolver import Answer, Resolver, as_answer
from inference_operator.adapters.mlflow.subscriptions import (
    Subscription,
    Subscriptions,
    subscriptions_in,
)
from inference_operator.adapters.polling.poll_schedule import PollSchedule
from inference_operator.api.problem import SOURCE_SECRET, Problem
from inference_operator.api.reasons import Reason
from inference_operator.domain.http_credentials import Credentials
from inference_operator.domain.names import UnitKey
from inference_operator.domain.resolution import (
    Resolution,
    Resolved,
    SourceKey,
    Unresolved,
)

log = logging.getLogger(__name__)

# Requests that may run at the same time.
AT_ONCE = 8
# Failures in a row before a version that is known is called into question.
PATIENCE = 2
# Versions do not change, but may be deleted: they are looked at again every so many intervals.
VERSIONS_EVERY = 10

_MODELS = "models:/"
# Accesses whose versions are remembered; tokens come and go.
RESOLVERS = 256


NOT_CONFIGURED = Unresolved(
    Reason.REGISTRY_NOT_CONFIGURED,
    (
        Problem(
            "",
            "",
            "the operator knows no registry",
            "set INFERENCE_OPERATOR_MLFLOW_TRACKING_URI of its Deployment",
        ),
    ),
)


def no_registry(unit: UnitKey, spec: Mapping[str, Any]) -> Mapping[SourceKey, Resolution]:
    """`resolutions` of an operator that knows none."""
    return {asked.source: NOT_CONFIGURED for asked in subscriptions_in(unit, spec)}


class ModelRegistry:
    """The resolutions of all units, and what keeps them up to date."""

    def __init__(
        self,
        mlflow: Mlflow,
        secrets: Secrets,
        pace: PollSchedule,
        wake: Callable[[UnitKey], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._mlflow = mlflow
        self._secrets = secrets
        self._pace = pace
        self._wake = wake
        self._clock = clock
        self._questions = Subscriptions()
        self._known: dict[Subscription, Resolution] = {}
        self._failing: dict[Subscription, tuple[int, datetime]] = {}
        self._silent: dict[str, int] = {}
        self._resolvers: dict[Credentials, Resolver] = {}
        self._rounds: dict[str, int] = {}
        self._news = asyncio.Event()

    def resolutions(self, unit: UnitKey, spec: Mapping[str, Any]) -> Mapping[SourceKey, Resolution]:
        """What the registry said last about the sources of a spec as it was written; nothing of
        sources of no registry, and of those that it has not answered about yet."""
        wanted = subscriptions_in(unit, spec)
        if self._questions.put(unit, wanted):
            # Even where the answers are known: whoever rests knows no due time of a new subject.
            self._news.set()
            for asked in wanted:
                if asked not in self._known:
                    self._pace.make_due(asked.subject)
        return {a.source: self._known[a] for a in wanted if a in self._known}

    def place_of(self, unit: UnitKey, subject: str) -> Place | None:
        """Where the Secret is with which a unit asks about a subject; None where it does not."""
        mine = self._questions.of(unit)
        return next((asked.place for asked in mine if asked.subject == subject), None)

    async def run(self) -> None:
        """Ask whenever something is due, for ever."""
        while True:
            self._news.clear()
            await self.ask_due()
            await self._pace.wait_until_due(self._news, self._questions.subjects)

    async def ask_due(self) -> None:
        """One round: every subject that is due, a few at a time."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(subject: str) -> None:
            async with gate:
                try:
                    await self._ask(subject)
                except Exception:
                    # One subject must not end the watching of all.
                    log.exception("%s cannot be asked about", subject)
                    self._pace.answered(subject)

        self._drop_unasked()
        due = [subject for subject in self._questions.subjects if self._pace.is_due(subject)]
        await asyncio.gather(*(one(subject) for subject in due))

    async def _ask(self, subject: str) -> None:
        mine = self._questions.about(subject)
        answers: dict[Subscription, Answer] = {}
        groups = await self._by_access(mine, answers)
        self._count_round(subject, groups)
        for access, group in groups.items():
            answers.update(await self._answers(subject, access, group))
        self._note_failures(answers)
        self._plan_next(subject, answers)
        self._tell(subject, {asked: self._settled(asked, a) for asked, a in answers.items()})
        if any(asked not in self._known for asked in self._questions.about(subject)):
            # Somebody came while the others were asked for.
            self._pace.make_due(subject)
            self._news.set()

    async def _answers(
        self, subject: str, access: Credentials, group: list[Subscription]
    ) -> dict[Subscription, Answer]:
        uris = sorted({asked.source.uri for asked in group})
        try:
            found = await self._resolver(access).resolve(uris, access)
        except Exception as error:
            return dict.fromkeys(group, as_answer(error, subject))
        return {asked: found[asked.source.uri] for asked in group}

    async def _by_access(
        self, mine: Iterable[Subscription], answers: dict[Subscription, Answer]
    ) -> dict[Credentials, list[Subscription]]:
        """Grouped by what their Secrets hold: equal ones are worth one request."""
        groups: dict[Credentials, list[Subscription]] = defaultdict(list)
        for asked in mine:
            try:
                groups[await self._secrets.access(asked.place)].append(asked)
            except RegistryError as error:
                answers[asked] = error
            except Exception as error:
                log.exception("the Secret of %s cannot be read", asked.source.uri)
                what = f"the Secret cannot be read: {type(error).__name__}: {error}"
                problem = Problem(SOURCE_SECRET, "", what)
                answers[asked] = RegistryError(Reason.CREDENTIALS_UNUSABLE, problem)
        return groups

    def _resolver(self, access: Credentials) -> Resolver:
        """What one access has shown is told to nobody with another one."""
        if access not in self._resolvers:
            if len(self._resolvers) >= RESOLVERS:
                self._resolvers.clear()
            self._resolvers[access] = Resolver(self._mlflow)
        return self._resolvers[access]

    def _count_round(self, subject: str, accesses: Iterable[Credentials]) -> None:
        self._rounds[subject] = self._rounds.get(subject, 0) + 1
        if self._rounds[subject] % VERSIONS_EVERY == 0:
            for access in accesses:
                self._resolver(access).forget_versions(subject.removeprefix(_MODELS))

    def _note_failures(self, answers: Mapping[Subscription, Answer]) -> None:
        """Each by itself: what fails for one says nothing about another one's version."""
        now, told = self._clock(), set[str]()
        for asked, answer in answers.items():
            if isinstance(answer, Resolved) or answer.is_definite:
                self._failing.pop(asked, None)
                continue
            times, since = self._failing.get(asked, (0, now))
            self._failing[asked] = (times + 1, since)
            if answer.reason is Reason.REGISTRY_FORBIDDEN:
                self._secrets.forget(asked.place)
            if str(answer) not in told:
                told.add(str(answer))
                log.warning("%s: %s (%d times)", asked.source.uri, answer, times + 1)

    def _plan_next(self, subject: str, answers: Mapping[Subscription, Answer]) -> None:
        """Ever later while nobody is answered; whatever a person corrects is to be seen soon."""
        silent = all(
            isinstance(answer, RegistryError) and answer.reason is Reason.REGISTRY_UNREACHABLE
            for answer in answers.values()
        )
        if not answers or not silent:
            self._silent.pop(subject, None)
            self._pace.answered(subject)
            return
        self._silent[subject] = self._silent.get(subject, 0) + 1
        self._pace.failed(subject, self._silent[subject])

    def _settled(self, asked: Subscription, answer: Answer) -> Resolution:
        if isinstance(answer, Resolved):
            return answer
        before = self._known.get(asked)
        if isinstance(before, Unresolved) and before.reason is answer.reason:
            return Unresolved(answer.reason, (answer.problem,), before.since)
        times, since = self._failing.get(asked, (0, self._clock()))
        if isinstance(before, Resolved) and not answer.is_definite and times < PATIENCE:
            return before
        return Unresolved(answer.reason, (answer.problem,), since)

    def _tell(self, subject: str, found: Mapping[Subscription, Resolution]) -> None:
        changed = {asked for asked, new in found.items() if self._known.get(asked) != new}
        self._known.update(found)
        for unit in self._questions.subscribers(subject):
            if not changed.isdisjoint(self._questions.of(unit)):
                self._wake(unit)

    def _drop_unasked(self) -> None:
        wanted = self._questions.all()
        self._known = {asked: known for asked, known in self._known.items() if asked in wanted}
        subjects = self._questions.subjects
        self._pace.keep(subjects)
        self._failing = {asked: n for asked, n in self._failing.items() if asked in wanted}
        self._silent = {s: times for s, times in self._silent.items() if s in subjects}
        self._rounds = {s: count for s, count in self._rounds.items() if s in subjects}
        names = {subject.removeprefix(_MODELS) for subject in subjects}
        for resolver in self._resolvers.values():
            resolver.keep(names)
