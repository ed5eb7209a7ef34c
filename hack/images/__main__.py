"""`python -m hack.images build [name]`, `path name`, `ref name`."""

import argparse
import contextlib
import sys

from hack.console import reported, say
from hack.images.catalog import IMAGES, archive, image_ref


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m hack.images", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build what changed, and print the archives")
    build.add_argument("name", nargs="?", choices=[*IMAGES, "all"], default="all")
    for command, help_ in (("path", "print an archive's path"), ("ref", "print an image's name")):
        commands.add_parser(command, help=help_).add_argument("name", choices=IMAGES)
    chosen = parser.parse_args()
    with reported():
        if chosen.command == "ref":
            say(image_ref(chosen.name))
            return
        if chosen.command == "path":
            with contextlib.redirect_stdout(sys.stderr):
                path = archive(chosen.name)
            say(str(path))
            return
        for name in IMAGES if chosen.name == "all" else [chosen.name]:
            say(str(archive(name)))


if __name__ == "__main__":
    main()
