"""Rules: one source for CEL, for Python and for the sentence."""

from dataclasses import replace
from typing import Annotated, ClassVar

import pytest
from pydantic import ValidationError

from inference_operator.api.base import ApiModel
from inference_operator.api.rules import Computed, Rule, UniqueBy, cel_string, lookup, shown, text

WITHIN = Rule(
    cel="!has(self.lowest) || self.lowest <= self.highest",
    holds=lambda self: self.lowest is None or self.lowest <= self.highest,
    value="{lowest|nothing}",
    requirement="at most highest, which is {highest}",
    remedy="lower it by 100%",
    field="lowest",
)


class Band(ApiModel):
    """A range."""

    rules: ClassVar = (WITHIN,)

    lowest: int | None = None
    highest: int


def test_a_rule_becomes_an_item_of_the_crd() -> None:
    assert WITHIN.to_cel() == {
        "rule": "!has(self.lowest) || self.lowest <= self.highest",
        "message": "found lowest, expected at most highest; lower it by 100%",
        "messageExpression": "'found %s, expected at most highest, which is %s; lower it by 100%%'"
        ".format([has(self.lowest) ? dyn(self.lowest) : dyn('nothing'), self.highest])",
        "fieldPath": ".lowest",
    }


def test_a_sentence_may_tell_what_is_no_field() -> None:
    width = Computed("width", "self.highest - self.lowest", lambda self: self.highest - self.lowest)
    rule = replace(WITHIN, requirement="a width above 0, not {width}", computed=(width,))

    assert rule.to_cel()["messageExpression"].endswith(
        "[has(self.lowest) ? dyn(self.lowest) : dyn('nothing'), self.highest - self.lowest])"
    )
    error = rule.violation(Band.model_construct({"lowest", "highest"}, lowest=3, highest=2))
    assert error.context is not None
    assert error.context["requirement"] == "a width above 0, not -1"


def test_a_broken_rule_names_its_field_and_what_was_found() -> None:
    with pytest.raises(ValidationError) as caught:
        Band(lowest=3, highest=2)
    (error,) = caught.value.errors()
    assert error["loc"] == ("lowest",)
    assert error["msg"] == "found 3, expected at most highest, which is 2; lower it by 100%"


def test_a_value_with_a_line_break_is_not_shown() -> None:
    with pytest.raises(ValidationError, match="found another form, expected small letters"):
        Shelf(label="a\nb")


def test_a_kept_rule_is_silent() -> None:
    assert Band(lowest=2, highest=2).has("lowest")


def test_a_default_is_not_something_written() -> None:
    assert not Band(highest=2).has("lowest")
    assert lookup(Band(highest=2), "lowest") is None


@pytest.mark.parametrize(
    ("value", "literal"), [("a", "'a'"), ("it's", r"'it\'s'"), (r"\d", r"'\\d'")]
)
def test_a_string_is_quoted_for_cel(value: str, literal: str) -> None:
    assert cel_string(value) == literal


def test_a_long_value_is_cut_in_messages() -> None:
    assert len(shown("x" * 10_000)) < 120


class Shelf(ApiModel):
    """Lists of each kind."""

    bands: Annotated[tuple[Band, ...], UniqueBy("highest")] = ()
    sizes: Annotated[tuple[int, ...], UniqueBy()] = ()
    label: Annotated[str, text("[a-z]+", "small letters", "write those")] = "a"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"bands": (Band(highest=1), Band(highest=1))},
            "found highest 1 twice, expected each once",
        ),
        ({"sizes": (4, 8, 4)}, "found 4 twice, expected each once"),
        ({"label": "a\n"}, "expected small letters; write those"),
        ({"label": "ä"}, 'found "ä", expected small letters'),
    ],
)
def test_a_list_or_text_of_another_form_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Shelf.model_validate(change)
