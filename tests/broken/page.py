"""docs/troubleshooting.md, which is the table of broken situations by symptom.

`python -m tests.broken.page` writes it; a test compares it.
"""

from collections.abc import Iterator
from pathlib import Path

from tests.broken.situation import Situation
from tests.broken.table import SECTIONS

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
_HEAD = """\
# Troubleshooting

<!-- Written by `python -m tests.broken.page` from the table in tests/broken. Do not edit. -->

Find the reason of `Ready`, and compare the message. Most messages name the cause and the remedy
themselves.

```console
$ kubectl -n NAMESPACE get inferencemodels,ensemblepipelines -o wide    # the message of Ready
$ kubectl -n NAMESPACE describe inferencemodel NAME                     # conditions and Events
```

`…` stands for any text, `NAMESPACE` and `POD` for names. `tests/e2e/test_broken_situations.py`
makes these situations on a real node, except for canaries and what needs a setting of the operator:
the status shows most of them within 10 s, and all within 60 s, and none of them is ever `Ready`. A
container that the kubelet cannot create or whose image it cannot pull takes the longest, 20 s: so
late does the kubelet report it. Where an older revision serves, it keeps serving, and the message
ends with `(revision … continues to serve on … replicas)`. [conditions.md](conditions.md) explains
every reason.
"""
_COLUMNS = ("reason", "message", "cause", "remedy")


def page() -> str:
    """Return the page."""
    return "\n".join((_HEAD, *_sections())) + "\n"


def _sections() -> Iterator[str]:
    for title, situations in SECTIONS.items():
        yield f"## {title}\n"
        yield _row(_COLUMNS)
        yield "|---|---|---|---|"
        # By symptom: equal reasons stand together.
        for situation in sorted(situations, key=lambda each: each.reason):
            yield _row(_cells(situation))
        yield ""


def _cells(situation: Situation) -> tuple[str, ...]:
    reason = f"`{situation.reason}`" if situation.reason else "(refused)"
    return reason, situation.shows, situation.name, situation.remedy


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> None:
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
