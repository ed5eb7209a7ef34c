"""Ensembles whose steps refer to the imported models, each in one version."""

from pathlib import Path

import pytest

from tests.unit.model_builders.repositories import CORPUS, PYTHON, ensemble, imported, write


def test_an_ensemble_without_anything_of_its_own_is_imported(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    write(tmp_path, "signal", ensemble())
    result = imported(tmp_path)
    assert (result.failures, result.warnings) == ([], [])
    assert "triton" not in result.manifests[1]["spec"]


def test_an_ensembles_steps_refer_to_the_imported_resources() -> None:
    manifests = imported(CORPUS / "trading").manifests
    signal = next(m for m in manifests if m["metadata"]["name"] == "signal")
    assert signal["kind"] == "EnsemblePipeline"
    assert [step["modelRef"] for step in signal["spec"]["steps"]] == [
        {"name": "lstm-price"},
        {"name": "text-sentiment", "kind": "EnsemblePipeline"},
    ]


def test_one_model_in_two_steps_is_referred_to_twice() -> None:
    manifests = imported(CORPUS / "desk").manifests
    desk = next(m for m in manifests if m["metadata"]["name"] == "desk-signal")
    refs = {step["name"]: step["modelRef"]["name"] for step in desk["spec"]["steps"]}
    assert refs["momentum"] == refs["momentum-2"] == "momentum"


def test_a_step_that_asks_for_another_version_than_the_imported_one_is_said() -> None:
    warnings = imported(CORPUS / "desk").warnings
    assert [w for w in warnings if w.startswith("desk_signal: ")] == [
        f"desk_signal: ensemble_scheduling.step[{step}] asks for version 3 of momentum, and version"
        " 7 was imported: the operator pins the version that is stable"
        for step in (1, 2)
    ]


def two_bars(first: int, second: int) -> str:
    """An ensemble that runs `bars` twice, at two versions."""
    steps = "".join(
        f"""step {{ model_name: "bars" model_version: {version}
          input_map {{ key: "TICKS" value: "{given}" }}
          output_map {{ key: "BARS" value: "{made}" }} }}"""
        for version, given, made in ((first, "IN", "between"), (second, "between", "OUT"))
    )
    head, _, _ = ensemble().partition("ensemble_scheduling")
    return f"{head} ensemble_scheduling {{ {steps} }}"


@pytest.mark.parametrize(
    ("versions", "pair", "step"),
    [
        ((1, 4), "version 1 (step[0]) and version 4 (step[1])", 0),
        ((4, 1), "version 4 (step[0]) and version 1 (step[1])", 1),
        ((-1, 1), "version 4 (step[0]) and version 1 (step[1])", 1),
    ],
    ids=["both are numbers", "the imported one first", "one is the newest"],
)
def test_two_versions_of_one_model_are_not_imported(
    versions: tuple[int, int], pair: str, step: int, tmp_path: Path
) -> None:
    write(tmp_path, "bars", PYTHON, version="4", model_py="")
    write(tmp_path, "signal", two_bars(*versions))
    result = imported(tmp_path)
    assert [m["metadata"]["name"] for m in result.manifests] == ["bars"]
    assert result.failures == [
        f"signal: found {pair} of bars in ensemble_scheduling, expected one version of each model,"
        " since a pipeline pins the stable one: copy version 1 to a folder with a config.pbtxt of"
        f" its own, such as bars_1, let step[{step}] name that, and import again"
    ]


@pytest.mark.parametrize("versions", [(4, 4), (-1, 4), (-1, -1), (1, 1)], ids=str)
def test_one_version_of_a_model_in_two_steps_is_imported(
    versions: tuple[int, int], tmp_path: Path
) -> None:
    write(tmp_path, "bars", PYTHON, version="4", model_py="")
    write(tmp_path, "signal", two_bars(*versions))
    assert imported(tmp_path).failures == []


def test_a_second_version_under_a_name_of_its_own_is_imported(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, version="4", model_py="")
    write(tmp_path, "bars_1", PYTHON, model_py="")
    config = two_bars(-1, -1)
    first, _, second = config.rpartition('model_name: "bars"')
    write(tmp_path, "signal", f'{first}model_name: "bars_1"{second}')
    result = imported(tmp_path)
    assert result.failures == []
    (warning,) = result.warnings
    assert warning.startswith("bars: version 4 is imported")
    steps = result.manifests[-1]["spec"]["steps"]
    assert [step["modelRef"]["name"] for step in steps] == ["bars", "bars-1"]
