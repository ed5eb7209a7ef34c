"""Archives made for tests, and the folder that they are unpacked into."""

import io
import stat
import tarfile
import zipfile
from pathlib import Path

from inference_operator.load.layout.archive import unpack

Member = tuple[str, bytes | str, bytes]
FILE, SOFT, HARD, FOLDER = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE


def tar_of(*members: Member, mode: str = "w:gz", format: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar of members given as (name, content or link target, type)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=format) as tar:  # type: ignore[call-overload]
        for name, content, kind in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, 0o755 if name.endswith(".sh") else 0o644
            body = content if isinstance(content, bytes) else b""
            info.linkname = content if isinstance(content, str) else ""
            info.size = len(body) if kind == FILE else 0
            tar.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


def zip_of(*members: Member, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of members given as (name, content or link target, type)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as packed:
        for name, content, kind in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            mode = stat.S_IFLNK | 0o777 if kind == SOFT else stat.S_IFREG | 0o644
            info.external_attr = mode << 16
            packed.writestr(info, content)
    return buffer.getvalue()


def unpack_body(body: bytes, kind: str, folder: Path) -> Path:
    """Unpack an archive below `folder`, and return the folder that holds its members."""
    source, target = folder / "download", folder / "models" / "1"
    source.write_bytes(body)
    target.mkdir(parents=True)
    unpack(source, kind, target)
    return target
