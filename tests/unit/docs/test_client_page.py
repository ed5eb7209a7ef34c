"""docs/client.md names every reason of an error of the client, and which are tried again."""

import re

from hack.product import ROOT
from serving.client.errors import ClientReason

_ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| (yes|no) \|$", re.MULTILINE)


def test_the_page_has_a_row_for_each_reason() -> None:
    rows = dict(_ROW.findall((ROOT / "docs" / "client.md").read_text("utf-8")))
    assert rows.keys() == {str(reason) for reason in ClientReason}
    again = {ClientReason.UNREACHABLE, ClientReason.MODEL_NOT_READY}
    assert {name for name, tried in rows.items() if tried == "yes"} == again
