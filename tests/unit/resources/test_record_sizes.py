"""Records that would take long to read: refused from their lengths, before anything is built."""

import json
from typing import Any

import pytest

from inference_operator.domain import repository_plan
from inference_operator.domain.repository_plan import (
    MOST_DATA,
    MOST_MODELS,
    PLAN_FILE,
    PlanError,
    RepositoryPlan,
)
from tests.unit.resources.records import PINNED, config, why_not, written


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The models that are built of plans."""
    items: list[object] = []
    model = repository_plan._model

    def noted(index: int, item: Any) -> object:
        items.append(item)
        return model(index, item)

    monkeypatch.setattr(repository_plan, "_model", noted)
    return items


def plan_of(count: int) -> str:
    models = [{"name": f"m{i}", "version": 1, "format": "ensemble"} for i in range(count)]
    return json.dumps({"models": models}, separators=(",", ":"))


def repository(count: int) -> dict[str, str]:
    return {PLAN_FILE: plan_of(count), **{f"m{i}.config.pbtxt": "" for i in range(count)}}


@pytest.mark.parametrize("count", [100, 5_000, 17_900])
def test_a_plan_of_more_models_than_files_is_refused_unbuilt(
    count: int, built: list[object]
) -> None:
    body = written()
    config(body)["data"][PLAN_FILE] = plan_of(count)

    assert why_not(body).startswith("data.children[0].data: found plan.json")
    assert built == []


def test_a_file_of_another_name_is_refused_unbuilt(built: list[object]) -> None:
    body = written()
    config(body)["data"]["run.sh"] = ""

    assert why_not(body) == "data.children[0].data: found 'run.sh', expected no such file"
    assert built == []


def test_models_that_are_pinned_are_counted_over_all_steps(built: list[object]) -> None:
    body = written(PINNED)
    (pinned, *_) = [step for step in body["data"]["steps"] if "pin" in step]
    own = len(json.loads(config(body)["data"][PLAN_FILE])["models"])
    pinned["pin"]["repository"] = repository(1000)
    body["data"]["steps"] = [pinned] * 14

    assert why_not(body) == "data.steps: found 14,014 pinned files, expected at most 4,000"
    assert len(built) == own


def test_a_repository_has_no_more_bytes_than_a_config_map(built: list[object]) -> None:
    body = written(PINNED)
    (pinned, *_) = [step for step in body["data"]["steps"] if "pin" in step]
    files = pinned["pin"]["repository"]
    (name, *_) = [name for name in files if name != PLAN_FILE]
    files[name] = "\u00e9" * (MOST_DATA // 2)

    assert "expected 1,048,576 at most, as a ConfigMap holds" in why_not(body)


def test_load_reads_a_plan_of_as_many_models_as_a_config_map_has_files(
    built: list[object],
) -> None:
    assert len(RepositoryPlan.from_json(plan_of(MOST_MODELS)).models) == MOST_MODELS
    built.clear()
    with pytest.raises(PlanError, match="found 1,024 models, expected at most 1,023"):
        RepositoryPlan.from_json(plan_of(MOST_MODELS + 1))
    assert built == []
