"""A setting out of its bounds is named, with what was found and what is expected."""

import pytest

from training.settings import Settings, SettingsError, changed


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"epochs": 0}, "epochs: found 0, expected greater than or equal to 1; set --epochs"),
        ({"learning_rate": -1}, "learning_rate: found -1, expected greater than 0; set --learning"),
        ({"schedule": "step"}, "schedule: found 'step', expected 'none', 'plateau' or 'cosine'"),
        ({"epoch": 3}, "epoch: no such setting; expected one of epochs, patience, batch"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        changed(Settings(), given)
    assert str(refused.value).startswith(sentence)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        changed(Settings(), {"epochs": 0, "batch": "many"})
    assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == [
        "epochs",
        "batch",
    ]
