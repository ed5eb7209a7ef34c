"""Scalars of YAML with the values that kubectl reads, and texts that need quotes."""

from typing import Any

# A person, PyYAML and kubectl read these alike, or kubectl reads text where PyYAML does not.
READ_ALIKE: dict[str, Any] = {
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"), True),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"), False),
    **dict.fromkeys(("~", "null", "Null", "NULL"), None),
    **{text: text for text in ("tRue", "nULL", "yEs", "x", "0xg", "0o8", "0b2", "0x", "1d", "e1")},
    **{text: text for text in ("1:30", "190:20:30", "1:30.5", "2020-01-01", "2020-1-1", "=")},
    **{text: text for text in ("2020-01-01T00:00:00Z", "1.2.3", "1e", "1e-", "_1", "+", ".e5")},
    **{text: text for text in ("1e1000", "12345e6789", "0x1p-2", "inf", "NaN", "._5", "1,000")},
    "0": 0, "-0": 0, "00": 0, "010": 8, "0777": 511, "-010": -8, "0x1F": 31, "-0x1f": -31,
    "0b11": 3, "1_000": 1000, "1_": 1, "0x_1F": 31, "+12": 12, "1.": 1, ".5": 0.5, "1.0": 1,
    "3.14": 3.14, "1_0.5": 10.5, "9223372036854775807": 2**63 - 1, "+1.5": 1.5, "-1.25": -1.25,
    "-9223372036854775808": -(2**63), "0xFFFFFFFFFFFFFFFFFF": "0xFFFFFFFFFFFFFFFFFF",
}  # fmt: skip
LOOKS_LIKE_TEXT: dict[str, Any] = {
    "y": True, "Y": True, "n": False, "N": False, "1e-3": 0.001, "1e3": 1000, "1E3": 1000,
    "6e7": 60_000_000, "685e12": 685_000_000_000_000, "0e0": 0, "1e05": 100_000, "12e03": 12_000,
    "08": 8, "09": 9, "0o10": 8, "+0o10": 8, "0X1F": 31, "0B11": 3, "1_e3": 1000, "1e_3": 1000,
    "-1e3": -1000, "+1e3": 1000, "1e+22": 1e22, "+.5": 0.5, "-.5": -0.5, "1.e3": 1000,
}  # fmt: skip
"""Texts to PyYAML, and to most people; not to kubectl."""

TEXTS = (
    *READ_ALIKE, *LOOKS_LIKE_TEXT, "1" * 64, "0" * 64, "12e" + "4" * 61, ".inf", "-.nan", "<<",
    "", " ", " x", "x ", "a: b", "a #b", "#a", "- a", "-", "---", "...", "[a]", "{a}", "&a", "*a",
    "!a", "|", ">", "%a", "@a", "`a`", "'", '"', "'a'", '"a"', "a\nb", "a\n", "\na", "  a\nb\n",
    "a\tb", "\ta", "a\n\n", "?", "? a", ":", "::", "a:", "\\", "\\n", "é", "日本", "x\u0085y",
    "x\u2028y", "\ufeffx", "\U0001f600", "\u202eabc", "\x00", "\x7f", "a" * 300, "a b " * 60,
    "x\ty\nz", "a \nb", "#\n#", "\r", "a\r\nb",
)  # fmt: skip
