"""docs/troubleshooting.md is the table of broken situations."""

from collections import Counter

import pytest

from inference_operator.api.reasons import Reason
from tests.broken.page import PAGE, page
from tests.broken.situation import ANY, NAMESPACE, POD, Situation
from tests.broken.table import SITUATIONS


def test_the_page_is_the_table() -> None:
    expected = page()
    assert PAGE.read_text("utf-8") == expected, "run `python -m tests.broken.page`, and commit it"


def test_there_are_enough_situations_and_each_has_a_name_of_its_own() -> None:
    assert len(SITUATIONS) >= 45
    repeated = [slug for slug, count in Counter(s.slug for s in SITUATIONS).items() if count > 1]
    assert repeated == []


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.slug)
def test_a_row_is_complete(situation: Situation) -> None:
    assert situation.reason == "" or situation.reason in set(Reason)
    assert situation.shows
    assert situation.remedy
    # A pattern of signs alone would be met by every message.
    words = situation.shows
    for sign in (ANY, NAMESPACE, POD):
        words = words.replace(sign, "")
    assert len(words) > 20


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.slug)
def test_a_named_command_names_the_namespace_and_the_object(situation: Situation) -> None:
    commands = situation.shows.split("`")[1::2]
    for command in commands:
        if command.startswith("kubectl"):
            assert command.startswith(f"kubectl -n {NAMESPACE} "), command
