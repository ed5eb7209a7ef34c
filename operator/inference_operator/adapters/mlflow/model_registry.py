"""Poller of the registry: asks about each registered model once an interval and wakes subscribers.

Passes read `resolutions`, which never waits: it returns the registry's last answers.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from inference_operator.adapters.mlflow.client import Mlflow, RegistryError
from inference_operator.adapters.mlflow.registry_secrets import SecretKey, Secrets
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
# Failures in a row before the last known version is reported as unresolved.
PATIENCE = 2
# Versions do not change, but may be deleted: they are read again after this many polls.
VERSIONS_EVERY = 10

_MODELS = "models:/"
# Credentials whose versions are remembered; tokens come and go.
RESOLVERS = 256


NOT_CONFIGURED = Unresolved(
    Reason.REGISTRY_NOT_CONFIGURED,
    (
        Problem(
            "",
            "",
            "the operator has no registry",
            "set INFERENCE_OPERATOR_MLFLOW_TRACKING_URI of its Deployment",
        ),
    ),
)


def no_registry(unit: UnitKey, spec: Mapping[str, Any]) -> Mapping[SourceKey, Resolution]:
    """Return the resolutions of an operator without a registry."""
    return {subscription.source: NOT_CONFIGURED for subscription in subscriptions_in(unit, spec)}


class ModelRegistry:
    """Resolutions of all units, kept up to date by polling."""

    def __init__(
        self,
        mlflow: Mlflow,
        secrets: Secrets,
        schedule: PollSchedule,
        wake: Callable[[UnitKey], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._mlflow = mlflow
        self._secrets = secrets
        self._schedule = schedule
        self._wake = wake
        self._clock = clock
        self._subscriptions = Subscriptions()
        self._resolutions: dict[Subscription, Resolution] = {}
        self._failing: dict[Subscription, tuple[int, datetime]] = {}
        self._consecutive_failures: dict[str, int] = {}
        self._resolvers: dict[Credentials, Resolver] = {}
        self._polls: dict[str, int] = {}
        self._refreshed: dict[UnitKey, str] = {}
        self._news = asyncio.Event()

    def resolutions(self, unit: UnitKey, spec: Mapping[str, Any]) -> Mapping[SourceKey, Resolution]:
        """Return the registry's last answers about the sources of an unchecked spec.

        Sources of other kinds, and those that are not answered yet, are left out.
        """
        subscriptions = subscriptions_in(unit, spec)
        if self._subscriptions.put(unit, subscriptions):
            if not subscriptions:
                self._refreshed.pop(unit, None)
            # Even where the answers are known: the waiting poller has no due time of a new subject.
            self._news.set()
            for subscription in subscriptions:
                if subscription not in self._resolutions:
                    self._schedule.make_due(subscription.subject)
        answers = self._resolutions
        return {each.source: answers[each] for each in subscriptions if each in answers}

    def refresh(self, unit: UnitKey, command: str) -> None:
        """Ask about a unit's sources soon, once for each command of a person. A registry that fails
        is asked when its pause is over."""
        subscriptions = self._subscriptions.of(unit)
        if not subscriptions or self._refreshed.get(unit) == command:
            return
        self._refreshed[unit] = command
        for subject in {subscription.subject for subscription in subscriptions}:
            if subject not in self._consecutive_failures:
                self._schedule.hasten(subject)
        self._news.set()

    def secret_of(self, unit: UnitKey, subject: str) -> SecretKey | None:
        """Return the Secret with which a unit asks about a subject; None where it does not ask."""
        mine = self._subscriptions.of(unit)
        return next((each.secret for each in mine if each.subject == subject), None)

    async def run(self) -> None:
        """Poll each subject when it is due, until cancelled."""
        while True:
            self._news.clear()
            await self.ask_due()
            await self._schedule.wait_until_due(self._news, self._subscriptions.subjects)

    async def ask_due(self) -> None:
        """Poll every subject that is due, a few at a time."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def poll(subject: str) -> None:
            async with gate:
                try:
                    await self._ask(subject)
                except Exception:
                    # One subject must not stop the polling of the others.
                    log.exception("%s cannot be asked about", subject)
                    self._schedule.answered(subject)

        self._drop_unsubscribed()
        due = [each for each in self._subscriptions.subjects if self._schedule.is_due(each)]
        await asyncio.gather(*(poll(subject) for subject in due))

    async def _ask(self, subject: str) -> None:
        mine = self._subscriptions.for_subject(subject)
        answers: dict[Subscription, Answer] = {}
        groups = await self._by_access(mine, answers)
        self._count_poll(subject, groups)
        for access, group in groups.items():
            answers.update(await self._answers(subject, access, group))
        self._count_failures(answers)
        self._plan_next(subject, answers)
        self._notify(subject, {each: self._merge(each, a) for each, a in answers.items()})
        if any(each not in self._resolutions for each in self._subscriptions.for_subject(subject)):
            # A subscription was added during the requests.
            self._schedule.make_due(subject)
            self._news.set()

    async def _answers(
        self, subject: str, access: Credentials, group: list[Subscription]
    ) -> dict[Subscription, Answer]:
        uris = sorted({subscription.source.uri for subscription in group})
        try:
            answers = await self._resolver(access).resolve(uris, access)
        except Exception as error:
            return dict.fromkeys(group, as_answer(error, subject))
        return {subscription: answers[subscription.source.uri] for subscription in group}

    async def _by_access(
        self, mine: Iterable[Subscription], answers: dict[Subscription, Answer]
    ) -> dict[Credentials, list[Subscription]]:
        """Group subscriptions by the content of their Secrets: equal ones share one request."""
        groups: dict[Credentials, list[Subscription]] = defaultdict(list)
        for subscription in mine:
            try:
                groups[await self._secrets.access(subscription.secret)].append(subscription)
            except RegistryError as error:
                answers[subscription] = error
            except Exception as error:
                log.exception("the Secret of %s cannot be read", subscription.source.uri)
                requirement = f"the Secret cannot be read: {type(error).__name__}: {error}"
                problem = Problem(SOURCE_SECRET, "", requirement)
                answers[subscription] = RegistryError(Reason.CREDENTIALS_UNUSABLE, problem)
        return groups

    def _resolver(self, access: Credentials) -> Resolver:
        """Return the credentials' own resolver: its answers are for no other credentials."""
        if access not in self._resolvers:
            if len(self._resolvers) >= RESOLVERS:
                self._resolvers.clear()
            self._resolvers[access] = Resolver(self._mlflow)
        return self._resolvers[access]

    def _count_poll(self, subject: str, accesses: Iterable[Credentials]) -> None:
        self._polls[subject] = self._polls.get(subject, 0) + 1
        if self._polls[subject] % VERSIONS_EVERY == 0:
            for access in accesses:
                self._resolver(access).forget_versions(subject.removeprefix(_MODELS))

    def _count_failures(self, answers: Mapping[Subscription, Answer]) -> None:
        """Count the failures of each subscription, and log each message once."""
        now, logged = self._clock(), set[str]()
        for subscription, answer in answers.items():
            if isinstance(answer, Resolved) or answer.is_definite:
                self._failing.pop(subscription, None)
                continue
            times, since = self._failing.get(subscription, (0, now))
            self._failing[subscription] = (times + 1, since)
            if answer.reason is Reason.REGISTRY_FORBIDDEN:
                self._secrets.forget(subscription.secret)
            if str(answer) not in logged:
                logged.add(str(answer))
                log.warning("%s: %s (%d times)", subscription.source.uri, answer, times + 1)

    def _plan_next(self, subject: str, answers: Mapping[Subscription, Answer]) -> None:
        """Back off while the registry is unreachable; after other errors keep the interval."""
        silent = all(
            isinstance(answer, RegistryError) and answer.reason is Reason.REGISTRY_UNREACHABLE
            for answer in answers.values()
        )
        if not answers or not silent:
            self._consecutive_failures.pop(subject, None)
            self._schedule.answered(subject)
            return
        self._consecutive_failures[subject] = self._consecutive_failures.get(subject, 0) + 1
        self._schedule.failed(subject, self._consecutive_failures[subject])

    def _merge(self, subscription: Subscription, answer: Answer) -> Resolution:
        if isinstance(answer, Resolved):
            return answer
        before = self._resolutions.get(subscription)
        if isinstance(before, Unresolved) and before.reason is answer.reason:
            return Unresolved(answer.reason, (answer.problem,), before.since)
        times, since = self._failing.get(subscription, (0, self._clock()))
        if isinstance(before, Resolved) and not answer.is_definite and times < PATIENCE:
            return before
        return Unresolved(answer.reason, (answer.problem,), since)

    def _notify(self, subject: str, resolutions: Mapping[Subscription, Resolution]) -> None:
        before = self._resolutions
        changed = {each for each, new in resolutions.items() if before.get(each) != new}
        self._resolutions.update(resolutions)
        for unit in self._subscriptions.subscribers(subject):
            if not changed.isdisjoint(self._subscriptions.of(unit)):
                self._wake(unit)

    def _drop_unsubscribed(self) -> None:
        kept = self._subscriptions.all()
        self._resolutions = {key: r for key, r in self._resolutions.items() if key in kept}
        subjects = self._subscriptions.subjects
        self._schedule.keep(subjects)
        self._failing = {key: n for key, n in self._failing.items() if key in kept}
        failures = self._consecutive_failures
        self._consecutive_failures = {s: n for s, n in failures.items() if s in subjects}
        self._polls = {s: count for s, count in self._polls.items() if s in subjects}
        names = {subject.removeprefix(_MODELS) for subject in subjects}
        for resolver in self._resolvers.values():
            resolver.keep(names)
