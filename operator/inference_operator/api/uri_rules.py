"""URIs in the sentences of rules, for CEL and Python."""

import re

from inference_operator.api.rules import Computed, cel_string, lookup
from inference_operator.api.shown_uri import NOT_SHOWN

# A user, a query or a fragment.
_HIDDEN = r"^[^/?#]*(/+[^/?#]*)?@|[?#]"
_PATTERN = re.compile(_HIDDEN, re.ASCII)


def shown_in_rules(path: str) -> Computed:
    """The placeholder `{path}` of a URI: as it is, or a note where it may be signed."""

    def of(value: object) -> str:
        found = str(lookup(value, path))
        return NOT_SHOWN if _PATTERN.search(found) else found

    cel = f"self.{path}.matches({cel_string(_HIDDEN)}) ? {cel_string(NOT_SHOWN)} : self.{path}"
    return Computed(path, cel, of)
