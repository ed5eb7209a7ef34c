"""Archives: unpacked by the whole loader, from a volume claim."""

import io
import tarfile
import zipfile
from collections.abc import Iterator
from gzip import compress

from tests.fuzz.formats import tar_mutator, zip_mutator
from tests.fuzz.loading import loaded
from tests.fuzz.target import Target
from tests.unit.load.archives import FILE, FOLDER, HARD, SOFT, tar_of, zip_of

_CODE = b"class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"
_MEMBERS = (
    ("model.py", _CODE, FILE),
    ("lib", b"", FOLDER),
    ("lib/words.txt", b"up\ndown\n", FILE),
    ("lib/link", "words.txt", SOFT),
    ("run.sh", b"#!/bin/sh\n", FILE),
)
_WRAPPED = tuple(
    (f"export/{name}", content, kind) for name, content, kind in (*_MEMBERS[:3], *_MEMBERS[4:])
)


def _pax() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("model.py")
        info.size = len(_CODE)
        info.pax_headers = {"path": "deep/" * 30 + "model.py", "mtime": "1.5", "comment": "é"}
        tar.addfile(info, io.BytesIO(_CODE))
    return buffer.getvalue()


def _tar(data: bytes) -> Iterator[str]:
    """Load the bytes as they are, and as a gzip: the name is the same."""
    for body in (data, compress(data, 1)):
        yield from loaded("pvc://weights/m.tar.gz", "python", claim={"m.tar.gz": body})


def _zip(data: bytes) -> Iterator[str]:
    return loaded("pvc://weights/m.zip", "python", claim={"m.zip": data})


_TARS = (
    tar_of(*_MEMBERS, ("hard", "model.py", HARD), mode="w:"),
    tar_of(*_WRAPPED, ("export/up", "../export/lib", SOFT), mode="w:", format=tarfile.GNU_FORMAT),
    tar_of(("long/" * 40 + "model.py", _CODE, FILE), mode="w:", format=tarfile.GNU_FORMAT),
    tar_of(("model.py", b"\0" * 3000, FILE), mode="w:", format=tarfile.USTAR_FORMAT),
    _pax(),
)
_ZIPS = (
    zip_of(*(member for member in _MEMBERS if member[2] != FOLDER)),
    zip_of(*(member for member in _WRAPPED if member[2] != FOLDER), compression=zipfile.ZIP_STORED),
)

TARGETS = (
    Target("tar", _TARS, _tar, tar_mutator(_TARS), largest=256 << 10, is_shown=False),
    Target("zip", _ZIPS, _zip, zip_mutator(_ZIPS), largest=256 << 10, is_shown=False),
)
