"""Tables of cases by theme, joined into one."""

from collections.abc import Mapping
from typing import TypeVar

Case = TypeVar("Case")


def joined(*tables: Mapping[str, Case]) -> dict[str, Case]:
    """Join tables; a description in two tables would hide a case."""
    cases = [named for table in tables for named in table.items()]
    assert len(dict(cases)) == len(cases), "a description is used twice"
    return dict(cases)
