"""Archives as vaderSentiment's source distribution is one, with made-up ratings."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from training.data.sentiment import SOURCES

INNER = "vaderSentiment-0.5/additional_resources/hutto_ICWSM_2014.tar.gz"


def archive(path: Path, lines: Mapping[str, list[str]]) -> Path:
    """`lines` by source; a source that is not named has one line."""
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as tar:
        for source, name in SOURCES.items():
            content = "\r\n".join(lines.get(source, [f"1\t0.0\tnothing about {source}"])).encode()
            member = tarfile.TarInfo(f"hutto_ICWSM_2014/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    with zipfile.ZipFile(path, "w") as outer:
        outer.writestr(INNER, inner.getvalue())
    return path
