"""The chart of a release: `dist/chart` with the release's image, as an archive for Helm.

`python -m hack.installation.package --image REGISTRY/NAME@sha256:DIGEST` writes it. With `--push
oci://REGISTRY/FOLDER` it also goes to a registry, and the digest to sign is written beside it.
"""

import argparse
import os
import re
import shutil
import tempfile
from pathlib import Path

from hack.cluster.binaries import HELM, ensure
from hack.console import StepError, reported, run
from hack.installation.base_objects import ROOT
from hack.installation.chart import FOLDER, project
from hack.release import by_digest

OUTPUT = ROOT / "build" / "release"
_DIGEST = re.compile(r"^Digest: (sha256:[0-9a-f]{64})$", re.MULTILINE)
# 1980-01-01 in UTC: files of any time would give another archive each time.
_TIME = 315532800


def package(image: str, output: Path, tag: str = "") -> Path:
    """Write the archive, and return its path; the same chart gives the same bytes.

    Raises:
        StepError: if the image has no digest, or the tag is not that of the chart's version.
    """
    image = by_digest(image, "--image")
    version = f"v{project()['version']}"
    if tag and tag != version:
        raise StepError(
            f"--tag: found {tag!r}, expected {version!r}, the version of pyproject.toml",
            "Change the version in pyproject.toml, run `make generate`, and tag that commit.",
        )
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        chart = Path(place) / "chart"
        shutil.copytree(ROOT / FOLDER, chart)
        values = chart / "values.yaml"
        text = values.read_text("utf-8")
        assert text.count('\nimage: ""\n') == 1
        values.write_text(text.replace('\nimage: ""\n', f"\nimage: {image}\n"), "utf-8")
        for path in (chart, *chart.rglob("*")):
            os.utime(path, (_TIME, _TIME))
        helm("package", str(chart), "--destination", str(output))
    return output / f"{project()['name']}-{project()['version']}.tgz"


def push(archive: Path, registry: str, *options: str) -> str:
    """Push the archive to `oci://REGISTRY/FOLDER`, and return the digest of what is there."""
    printed = helm("push", str(archive), registry, *options)
    digest = _DIGEST.search(printed)
    if digest is None:
        raise StepError(f"helm push printed no digest:\n{printed}", "Look at the registry.")
    return digest[1]


def helm(*words: str) -> str:
    """Run Helm, and return what it prints."""
    remedy = "See Helm's message; `helm registry login` or Docker's login opens a registry."
    return run([ensure(HELM)["helm"], *words], remedy=remedy)


def main() -> None:
    """Write the archive, and push it if there is a registry for it."""
    parser = argparse.ArgumentParser(description="Write the Helm chart of a release.")
    parser.add_argument("--image", required=True, help="the operator's image, with its digest")
    parser.add_argument("--tag", default="", help="tag of the release, which must be the version")
    parser.add_argument("--push", default="", help="oci://REGISTRY/FOLDER that it is pushed to")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    given = parser.parse_args()
    with reported():
        archive = package(given.image, given.output, given.tag)
        print(archive)
        if given.push:
            digest = push(archive, given.push)
            name = given.push.removeprefix("oci://").rstrip("/")
            reference = f"{name}/{project()['name']}@{digest}"
            (given.output / "chart.reference").write_text(f"{reference}\n", "utf-8")
            print(reference)


if __name__ == "__main__":
    main()
