"""`docs/progressive-delivery.md`: its first canary, command by command, and what describe shows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.product import ROOT
from tests.e2e.harness import ClusterHarness
from tests.e2e.new_user import NAMESPACE, SET_UP, Shell, shells
from tests.e2e.waiting import eventually
from tests.golden import Golden
from tests.unit.docs.test_docs import blocks

pytestmark = [pytest.mark.e2e, pytest.mark.long]

PAGE = ROOT / "docs" / "progressive-delivery.md"
BEGIN = "<!-- tests/e2e/test_first_canary.py writes what follows. -->\n"
END = "<!-- Here ends what it writes. -->\n"
# Revisions differ between runs, since the namespace is a part of the artifact's address.
REVISIONS = ("b20cf49ed2", "935a3432c3", "5b1f03ac77", "41aa90be77", "0fd2fbcdf1")
TIME, DIGEST = "2026-12-01T09:14:00Z", "25db7350" * 8
MODEL = "inferencemodel factor -n trading"
NAMED = ("Ready", "Reconciling", "Stalled")
KEPT = ("Message:", "Reason:", "Status:", "Type:")


@pytest.fixture
def shell(harness: ClusterHarness, tmp_path: Path) -> Iterator[Shell]:
    yield from shells(harness, tmp_path)


class Description:
    """The parts of `kubectl describe` that the page shows, each below its state."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._revisions: dict[str, str] = {}
        self.text = ""

    def await_reason(self, reason: str) -> None:
        """Wait until Ready has this reason, for the generation that was applied last."""
        path = (
            "{.metadata.generation}/{.status.observedGeneration}"
            '/{.status.conditions[?(@.type=="Ready")].reason}'
        )

        def is_so() -> bool:
            shown = self._shell.run(f"kubectl get {MODEL} -o jsonpath='{path}'")
            generation, observed, present = shown.split("/")
            return generation == observed and present == reason

        eventually(is_so, that=lambda: f"{reason}\n{self._describe()}")

    def add(self, state: str, reason: str) -> None:
        """Wait for the reason of Ready, and add what describe shows then."""
        self.await_reason(reason)
        shown = self._describe()
        assert f"Reason:                {reason}\n" in shown, f"{state} did not last\n{shown}"
        self.text += f"\n### {state}\n\n```text\n{self._masked(_excerpt(shown))}```\n"

    def _describe(self) -> str:
        return self._shell.run(f"kubectl describe {MODEL}")

    def _masked(self, text: str) -> str:
        text = text.replace(self._shell.namespace, NAMESPACE)
        text = re.sub(r"\b[0-9a-f]{64}\b", DIGEST, text)
        text = re.sub(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", TIME, text)
        for revision in re.findall(r"\brevision ([0-9a-f]{10})\b", self._shell.run(HISTORY)):
            self._revisions.setdefault(revision, REVISIONS[len(self._revisions)])
        for revision, name in self._revisions.items():
            text = text.replace(revision, name)
        return text


HISTORY = (
    f"kubectl get {MODEL} -o"
    " jsonpath='{range .status.decisions[*]}revision {.to} {.message}{\"\\n\"}{end}'"
)


def _excerpt(description: str) -> str:
    """Return the conditions that say how the rollout stands, and the phase."""
    status = description[description.index("\nStatus:\n") :]
    conditions = status[status.index("  Conditions:\n") : status.index("  Decisions:\n")]
    lines = ["  Conditions:"]
    for condition in conditions.split("    Last Transition Time:")[1:]:
        kept = [
            line
            for line in condition.splitlines()
            # Reconciling and Stalled say what Ready says.
            if line.strip().startswith(KEPT) and not ("Message:" in line and line in lines)
        ]
        is_false_stalled = "Stalled" in kept[-1] and "False" in kept[-2]
        if kept[-1].split()[-1] in NAMED and not is_false_stalled:
            lines += kept
    (phase,) = re.findall(r"^  Phase: .*$", status, re.MULTILINE)
    return "\n".join([*lines, phase]) + "\n"


def steer(shell: Shell, described: Description) -> None:
    """Begin a second rollout, and hold it."""
    shell.run("kubectl apply -f triple.yaml")
    step = f"kubectl get {MODEL} -o jsonpath='{{.status.rollout.currentStepIndex}}'"
    eventually(lambda: shell.run(step) == "1", that="the pause of 20 s")
    described.add("A timed pause", "Progressing")
    shell.run("kubectl inference pause factor -n trading --wait")
    described.add("A person holds the rollout", "Paused")
    shell.run("kubectl inference resume factor -n trading")


def spoil(shell: Shell, described: Description) -> None:
    """Go through the states that nobody wants, from a rollout that goes on."""
    sed = 's#  replicas: 3#&\\n  triton: {configOverrides: "bogus: 1"}#'
    shell.run(f"sed '{sed}' triple.yaml > wrong.yaml; kubectl apply -f wrong.yaml")
    described.add("The spec became invalid", "InvalidSpec")
    shell.run("kubectl apply -f triple.yaml")
    described.await_reason("Progressing")
    shell.run("kubectl inference abort factor -n trading --wait")
    described.add("A person aborted it", "RolloutAborted")
    metrics = "metrics: [{name: errors, type: ErrorRate, max: 1%}]"
    sed = (
        rf"s#- setWeight: 25 .*#- analysis: {{}}#; s#^    canary:#&\n      analysis: {{{metrics}}}#"
    )
    shell.run(f"sed '{sed}' triple.yaml > judged.yaml")
    shell.run("kubectl apply -f judged.yaml; kubectl inference retry factor -n trading --wait")
    described.add("The operator has no Prometheus", "AnalysisUnavailable")
    sed = "s#/triple/#/missing/#; s#    canary:#    progressDeadline: 10s\\n&#"
    shell.run(f"sed '{sed}' triple.yaml > missing.yaml; kubectl apply -f missing.yaml")
    described.add("The artifact is not there", "ArtifactNotFound")
    described.add("No progress until the deadline", "RolloutAborted")


@pytest.mark.timeout(1200)
def test_every_command_of_a_first_canary_and_what_describe_shows(
    shell: Shell, golden: Golden
) -> None:
    set_up, models, first, second, promoted, rolled_back, reverted, removed = blocks(PAGE, "sh")
    assert set_up == SET_UP, "test_demo runs the first line, and the fixture has what it makes"
    described = Description(shell)

    shell.run(models)
    assert "Ready: model factor" in shell.run(first)
    status = shell.run(second)
    assert "4 pause   until somebody promotes it" in status
    assert "canary" in status
    described.add("A step waits for a person", "Paused")
    stable = f"kubectl get {MODEL} -o jsonpath='{{.status.stable.revision}}'"
    label = f"inference.aipx.io/revision={shell.run(stable)}"
    shell.run(f"kubectl delete pods -n trading -l {label} --wait=false")
    described.add("No pod of the stable revision answers", "StableUnavailable")
    described.await_reason("Paused")
    assert "y FP32 [1, 4]: 3 6 9 12" in shell.run(promoted)
    described.add("Promoted", "Ready")
    history = shell.run(rolled_back)
    assert "y FP32 [1, 4]: 2 4 6 8" in history
    described.add("A person went back to a former revision", "RolledBack")
    assert "Ready: model factor" in shell.run(reverted)

    steer(shell, described)
    spoil(shell, described)

    shell.run(removed)
    shell.run("rm -f wrong.yaml judged.yaml missing.yaml")
    assert [path.name for path in shell.folder.iterdir()] == [".venv"], "it removes what it made"
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    _, after = rest.split(END)
    actual = f"{before}{BEGIN}{described.text}\n{END}{after}"
    Golden(PAGE.parent, golden.update).check(PAGE.name, actual)
