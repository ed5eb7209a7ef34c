"""The checks refuse and accept the configurations of the table; a real Triton judges them too."""

import pytest

from model_builders.checks import check
from model_builders.config import model_config
from tests.unit.model_builders.triton_config_table.row import Accepted, Refused
from tests.unit.model_builders.triton_config_table.table import ACCEPTED, REFUSED


def test_the_table_is_long_enough() -> None:
    assert len(REFUSED) >= 80
    assert len(ACCEPTED) >= 40


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED.keys())
def test_a_config_is_refused_at_the_field_that_is_wrong(row: Refused) -> None:
    problems = check(row.parsed)
    assert row.path in [problem.path for problem in problems]
    assert all(problem.requirement and problem.remedy for problem in problems)


@pytest.mark.parametrize("row", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_config_is_accepted(row: Accepted) -> None:
    assert check(row.parsed) == []
    config = model_config(row.parsed, name="m", accelerated=True)
    assert config.max_batch_size == row.parsed.model.max_batch_size
