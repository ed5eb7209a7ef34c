"""A run: every subject in turn, each beside a bare client that writes the same children."""

import asyncio
import dataclasses
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.controller.arithmetic import exponent
from benchmarks.controller.bare_client import VARIANTS, BareClient, Child, children_of_one
from benchmarks.controller.benchmark import Benchmark, Figures
from benchmarks.controller.client import Client
from benchmarks.controller.environment import Environment, Place
from benchmarks.controller.goals import goals
from benchmarks.controller.machine import about, load_average
from benchmarks.controller.options import Options
from benchmarks.controller.phases import PHASES, created, measurable
from benchmarks.controller.subject import Subject
from benchmarks.controller.upgrade import upgrade
from hack.console import StepError, say, step

GROWTH = 3
"""The factor between the two numbers of custom resources whose times give the exponent."""

Entry = dict[str, Any]
Work = Callable[[Benchmark], Awaitable[Figures]]


def measure(subjects: Sequence[Subject], options: Options, environment: Environment) -> Entry:
    """Measure all subjects; return the result as it is written to the file."""
    result = {"n": options.n, "environment": environment.description, **about()}
    entries: list[Entry] = []
    for number, subject in enumerate(subjects):
        # One profile a run: a second one would have the same file.
        profile = options.profile if number == 0 else None
        chosen = dataclasses.replace(options, profile=profile)
        entries += Measurement(subject, chosen, environment).measure()
    result |= {"loadAverageAfter": load_average(), "subjects": entries}
    return {**result, "goals": [goal.to_json() for goal in goals(result)]}


@dataclass(frozen=True, slots=True)
class Measurement:
    """One subject, and the bare client as its measure."""

    subject: Subject
    options: Options
    environment: Environment

    def measure(self) -> list[Entry]:
        """Return the entries of the bare client's variants and of the subject, in this order.

        A failure ends the subject's measurements; what was measured before it stays.
        """
        own: Entry = {"name": self.subject.name, "of": self.subject.name, "phases": {}}
        entries: list[Entry] = []
        try:
            self._measure(entries, own["phases"])
        except (StepError, TimeoutError, RuntimeError) as error:
            own["failed"] = str(error)
            say(f"FAILED: {error}")
        return [*entries, own]

    def _measure(self, bare: list[Entry], own: Figures) -> None:
        asked = self.options.phases
        children = self._children() if {"bare", "growth"} & {*asked} else []
        if "bare" in asked:
            for variant in VARIANTS:
                bare.append(self._bare(BareClient(self.subject, children, variant)))
        self._phases(own)
        if self.options.before and "upgrade" in asked:
            own["upgrade"] = self._upgrade(self.options.before)
        if "growth" in asked:
            own["growth"] = self._growth(children)

    def _children(self) -> list[Child]:
        with (
            step(f"children of 1 custom resource of {self.subject.name}"),
            self.environment.place(self.subject) as place,
        ):
            return asyncio.run(children_of_one(place, self.subject))

    def _bare(self, client: BareClient) -> Entry:
        n = self.options.n
        with _titled(client.name, n), self.environment.place(self.subject) as place:
            burst = asyncio.run(client.measure(place, n))
        return {
            "name": f"bare client, {client.variant}",
            "of": self.subject.name,
            "bare": client.variant,
            "phases": {"burst": burst},
        }

    def _phases(self, into: Figures) -> None:
        names = [name for name in self.options.phases if name in PHASES]
        chosen = [name for name in names if measurable(self.subject, name)]
        if not chosen:
            return

        async def each(benchmark: Benchmark) -> Figures:
            await benchmark.start(life="burst")
            await benchmark.idle()
            for name in chosen:
                with _titled(f"{self.subject.name}: {name}", benchmark.n):
                    into[name] = await PHASES[name](benchmark)
            return into

        with self.environment.place(self.subject) as place:
            asyncio.run(self._at(place, self.options.n, each))

    def _upgrade(self, before: Path) -> Figures:
        n = self.options.n
        with (
            _titled(f"{self.subject.name}: start after the operator of {before}", n),
            self.environment.place(self.subject, before) as place,
        ):
            return asyncio.run(self._at(place, n, lambda benchmark: upgrade(benchmark, before)))

    def _growth(self, children: list[Child]) -> Figures:
        """Return the subject's growth on API servers alone, and the bare client's."""
        client = BareClient(self.subject, children, VARIANTS[0])
        alone = self.environment.alone()
        numbers = (self.options.n, GROWTH * self.options.n)
        own, bare = [], []
        for n in numbers:
            with _titled(f"{client.name}, API server alone", n), alone.place(self.subject) as place:
                bare.append(asyncio.run(client.measure(place, n))["childrenSeconds"])
            with (
                _titled(f"{self.subject.name}, API server alone", n),
                alone.place(self.subject) as place,
            ):
                own.append(asyncio.run(self._at(place, n, _created))["childrenSeconds"])
        return {
            "n": numbers,
            "childrenSeconds": own,
            "exponent": exponent((own[0], own[1]), GROWTH),
            "bareChildrenSeconds": bare,
            "bareExponent": exponent((bare[0], bare[1]), GROWTH),
        }

    async def _at(self, place: Place, n: int, work: Work) -> Figures:
        """Do the work with a benchmark of the place; keep the subject's log if it fails."""
        async with Client(place.server.kubeconfig) as client:
            benchmark = Benchmark.of(self.subject, place, n, self.options, client)
            benchmark.observer.open()
            try:
                return await work(benchmark)
            except (StepError, TimeoutError, RuntimeError):
                say(benchmark.running.tail())
                raise
            finally:
                await benchmark.observer.close()
                await benchmark.running.stop()
                self._keep(place.server.folder / "subject.log")

    def _keep(self, log: Path) -> None:
        output = self.options.output
        if output is not None and log.exists() and log.stat().st_size:
            output.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(log, output.with_name(f"{output.stem}-{self.subject.name}.log"))


async def _created(benchmark: Benchmark) -> Figures:
    await benchmark.start()
    await benchmark.idle()
    _, _, figures = await created(benchmark)
    return figures


def _titled(title: str, n: int) -> AbstractContextManager[None]:
    return step(f"{title}, N={n}, load average {load_average()}")
