"""URIs in the sentences of rules, for CEL and Python."""

import re

from inference_operator.api.rules import Computed, cel_string, lookup

# A user, a query or a fragment. Behind the colon of a host without a user is a number only; else
# it is the beginning of a password with a slash in it.
_HIDDEN = r"^[^/?#]*(/+[^/?#]*)?@|[?#]|^[^/]*/+[^/]*:[^/]*[^/0-9]|^[^/:]*:[^/].*@"
_PATTERN = re.compile(_HIDDEN, re.ASCII)
_NOT_SHOWN = "(not shown: it has a query, a fragment or a user name)"


def shown_in_rules(path: str) -> Computed:
    """The placeholder `{path}` of a URI: as it is, or a note where it may be signed."""

    def of(value: object) -> str:
        found = str(lookup(value, path))
        return _NOT_SHOWN if _PATTERN.search(found) else found

    cel = f"self.{path}.matches({cel_string(_HIDDEN)}) ? {cel_string(_NOT_SHOWN)} : self.{path}"
    return Computed(path, cel, of)
