"""Values that kubectl reads for scalars without quotes.

kubectl reads YAML by sigs.k8s.io/yaml, whose resolver is goyaml.v2/resolve.go (see `resolve` and
`yamlStyleFloat` there): the words of YAML 1.1 with `y` and `n`, octals of both forms, and numbers
with exponents. It does not read base 60, and leaves dates as texts. PyYAML differs in all of these.
`tests/integration/hack/test_yaml_as_kubectl.py` compares this module with the real kubectl.
"""

import math
import re

Scalar = str | bool | int | float | None

_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE"), True),
    **dict.fromkeys(("on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE"), False),
    **dict.fromkeys(("off", "Off", "OFF"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<binary>[01]+)|0[oO]?(?P<octal>[0-7]+)"
    r"|(?P<decimal>0|[1-9][0-9]*))",
    re.ASCII,
)
_BASES = {"hex": 16, "binary": 2, "octal": 8, "decimal": 10}
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
"""A number of decimal digits, with or without a fraction and an exponent."""

_WHOLE_BELOW = 1e21
"""Go writes floats from here on with an exponent, and an API server reads these as floats."""
_LONGEST = 400
"""Characters of the longest number, which has 309 digits before its point, with some reserve."""


def scalar(text: str) -> Scalar:
    """Return the value that kubectl reads for `text` without quotes.

    A float without a fraction is an int, as it is in the JSON that kubectl sends: `1e3` is 1000.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > _LONGEST:
        return text
    plain = text if text[0] == "." else text.replace("_", "")
    integer = _integer(plain)
    if integer is not None:
        return integer
    if NUMBER.fullmatch(plain) is None or math.isinf(value := float(plain)):
        return text
    return int(value) if value.is_integer() and abs(value) < _WHOLE_BELOW else value


def is_text(text: str) -> bool:
    """Return whether kubectl reads `text` without quotes as that text."""
    return isinstance(scalar(text), str)


def is_rounded(text: str) -> bool:
    """Return whether kubectl changes an integer of decimal digits, since it has more than 64 bits.

    A digest that has digits only is such a number.
    """
    plain = text.replace("_", "")
    return bool(re.fullmatch(r"[-+]?[0-9]+", plain, re.ASCII)) and not (
        -(2**63) <= int(plain[:_LONGEST]) < 2**63
    )


def _integer(plain: str) -> int | None:
    """Return an integer of at most 64 bits."""
    match = _INTEGER.fullmatch(plain)
    if match is None:
        return None
    digits = next(
        (name, text) for name, text in match.groupdict().items() if name in _BASES and text
    )
    value = int(digits[1], _BASES[digits[0]])
    if match["sign"]:
        value = -value if match["sign"] == "-" else value
        return value if -(2**63) <= value < 2**63 else None
    return value if value < 2**64 else None
