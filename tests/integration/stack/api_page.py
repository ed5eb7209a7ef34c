"""The examples of docs/gateway-api.md, by their section and language."""

import re

from hack.product import ROOT

PAGE = ROOT / "docs" / "gateway-api.md"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INTRODUCTION = ""


def sections() -> dict[str, dict[str, str]]:
    """Return the block of each language by the title of its section; "" is the introduction."""
    parts = re.split(r"^## (.+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    texts = {INTRODUCTION: parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}
    return {title: dict(_FENCE.findall(text)) for title, text in texts.items()}
