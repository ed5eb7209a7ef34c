"""Names that a failure in a bare Debian reports as missing, and the packages of that Debian."""

from pathlib import Path

import pytest

from hack import fresh_check

README = Path(__file__).parents[3] / "README.md"


@pytest.mark.parametrize(
    ("output", "names"),
    [
        ("FileNotFoundError: [Errno 2] No such file or directory: 'modprobe'", ["modprobe"]),
        ("sh: 1: git: not found", ["git"]),
        ("/bin/bash: line 1: go: command not found", ["go"]),
        ("make: git: No such file or directory", ["git"]),
        ("setpriv: failed to execute buildah: No such file or directory", ["buildah"]),
        ('exec: "iptables": executable file not found in $PATH', ["iptables"]),
        (
            "tritonserver: error while loading shared libraries: libb64.so.0d: cannot open",
            ["libb64.so.0d"],
        ),
        ("ModuleNotFoundError: No module named 'torch'", ["torch"]),
        ("sh: 1: git: not found\nsh: 1: git: not found\nsh: 1: ip: not found", ["git", "ip"]),
        ("AssertionError: 1 != 2", []),
    ],
)
def test_a_failure_names_what_was_missing(output: str, names: list[str]) -> None:
    assert fresh_check.missing(output) == names


def test_the_bare_machine_has_what_the_readme_asks_for_and_no_more() -> None:
    assert "You need a fresh Debian 12, root, Python 3.11 and `make`." in README.read_text("utf-8")
    assert fresh_check.PACKAGES == ("make", "python3")
