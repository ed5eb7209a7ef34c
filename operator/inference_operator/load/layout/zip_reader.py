"""Reader of zip archives, member by member and within bounds."""

import os
import stat
import zipfile
from pathlib import Path

from inference_operator.load.layout.links import MAX_NAME, refused, shown
from inference_operator.load.layout.unpacking import Unpacking
from model_builders.zip_files import ZipTooLargeError, open_zip, why_unreadable


def read_zip(archive: Path, unpacking: Unpacking) -> None:
    """Unpack every member of the archive's directory."""
    try:
        with open_zip(archive) as packed:
            for member in packed.infolist():
                _take(packed, member, unpacking)
    except ZipTooLargeError as error:
        raise refused(f"{error}: pack fewer files, or a tar") from None


def _take(packed: zipfile.ZipFile, member: zipfile.ZipInfo, unpacking: Unpacking) -> None:
    name, mode = member.filename, member.external_attr >> 16
    if not name:
        # zipfile cuts a name at its first NUL, and fails at an empty rest.
        raise refused("it is broken (a member has no name): upload it again")
    if (why := why_unreadable(member)) is not None:
        raise refused(f"its member {shown(name)} is {why}: pack it again with stored or deflated")
    if member.is_dir():
        unpacking.make_folder(name)
    elif stat.S_ISLNK(mode):
        with packed.open(member) as content:
            # `ZipFile.read` would inflate all of it before it looks at the size.
            unpacking.soft_link(name, os.fsdecode(content.read(MAX_NAME + 1)))
    elif stat.S_IFMT(mode) in (0, stat.S_IFREG):
        with packed.open(member) as content:
            unpacking.write(name, content, bool(mode & 0o111))
    else:
        raise refused(f"its member {shown(name)} is a device, pipe or socket: pack it without")
