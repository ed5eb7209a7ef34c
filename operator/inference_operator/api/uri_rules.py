"""URIs in the sentences of rules, for CEL and Python."""

import re

from inference_operator.api.rules import Computed, cel_string, lookup
from inference_operator.api.shown_uri import NOT_SHOWN

HIDDEN = r"^[^/?#]*(/+[^/?#]*)?@|[?#]|^[^/]*/+[^/]*:[^/]*[^/0-9]|^[^/:]*:[^/].*@"
"""A user, a query or a fragment of an address. Behind the colon of a host without a user is only a
number; else it is the beginning of a password with a slash in it."""


def shown_in_rules(path: str, hidden: str = HIDDEN) -> Computed:
    """The placeholder `{path}` of a URI: as it is, or a note where it may be signed."""
    pattern = re.compile(hidden, re.ASCII)

    def of(value: object) -> str:
        found = str(lookup(value, path))
        return NOT_SHOWN if pattern.search(found) else found

    cel = f"self.{path}.matches({cel_string(hidden)}) ? {cel_string(NOT_SHOWN)} : self.{path}"
    return Computed(path, cel, of)
