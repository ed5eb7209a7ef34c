"""A model that takes more disk than its limit is stopped as its bytes come."""

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.load.failure import LoadError
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import ModelOrder
from inference_operator.load.sources import volume_claims as claims
from inference_operator.load.sources.volume_claims import ClaimPath, Copied, copy_folder
from inference_operator.load.transfer import digest
from inference_operator.load.transfer.digest import files_of
from inference_operator.load.transfer.resumable_download import Download, ResumableDownload
from inference_operator.load.transfer.size_limit import Downloads, SizeLimit, unlimited
from tests.unit.load.archives import FILE, FOLDER, Member, tar_of, zip_of
from tests.unit.load.test_loader import CODE, CONFIG, Pod

KIB, MIB = 1 << 10, 1 << 20
RANKER = PlannedModel("ranker", 1, ArtifactFormat.PYTHON, "pvc://weights/ranker.tar.gz")
LIMIT = replace(RANKER, size_limit=MIB)


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    for name in ("models", "claims/weights", "credentials"):
        (tmp_path / name).mkdir(parents=True)
    return Pod(tmp_path)


def disk_of(folder: Path) -> int:
    """Return the bytes that the folder takes, in whole blocks, as the kubelet counts them."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def refusal(pod: Pod, model: PlannedModel, default: int | None = None) -> str:
    folders = Folders(pod.models, pod.root / "credentials", pod.root / "claims")
    with pytest.raises(LoadError) as caught:
        Loader(folders, size_limit=default).load((ModelOrder(model, CONFIG),))
    assert caught.value.reason is Reason.ARTIFACT_INVALID
    assert pod.tree() == []
    return str(caught.value)


def code(*more: Member) -> tuple[Member, ...]:
    return (("model.py", CODE, FILE), *more)


BOMBS = {
    "zeros in a tar": (
        "tar.gz",
        gzip.compress(tar_of(*code(("w", bytes(50 * MIB), FILE)), mode="w:")),
    ),
    "zeros in a zip": ("zip", zip_of(*code(("w", bytes(50 * MIB), FILE)))),
    "many small files": ("tar.gz", tar_of(*code(*((f"f{n}", b"x", FILE) for n in range(9_000))))),
    "many folders": ("tar.gz", tar_of(*code(*((f"d{n}", b"", FOLDER) for n in range(9_000))))),
}


@pytest.mark.parametrize(("suffix", "body"), BOMBS.values(), ids=BOMBS.keys())
def test_an_archive_is_stopped_where_it_takes_more(pod: Pod, suffix: str, body: bytes) -> None:
    pod.put(f"ranker.{suffix}", body)
    message = refusal(pod, replace(LIMIT, uri=f"pvc://weights/ranker.{suffix}"))
    assert message.startswith("spec.model.sizeLimit: found at least 1.")
    assert message.endswith(
        " after unpacking, expected at most 1.0 MiB (1,048,576 bytes); raise it, if the model is"
        " meant to be that large"
    )


def test_no_more_than_the_limit_is_ever_on_the_disk(
    pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 0
    honest = SizeLimit.check

    def watched(self: SizeLimit, size: int, stage: str, least: str = "") -> None:
        nonlocal most
        most = max(most, disk_of(pod.models))
        honest(self, size, stage, least)

    monkeypatch.setattr(SizeLimit, "check", watched)
    pod.put("ranker.zip", zip_of(*code(*((f"w{n}", bytes(300 * KIB), FILE) for n in range(20)))))
    refusal(pod, replace(LIMIT, uri="pvc://weights/ranker.zip"))
    assert 0 < most <= 1.1 * MIB


def test_the_default_is_said_to_be_one(pod: Pod) -> None:
    pod.put("ranker.tar.gz", tar_of(*code(("w", bytes(MIB), FILE))))
    message = refusal(pod, RANKER, default=MIB)
    assert "expected at most 1.0 MiB (1,048,576 bytes), the default; raise it" in message


def test_the_plan_wins_over_the_default(pod: Pod) -> None:
    pod.put("ranker.tar.gz", tar_of(*code(("w", bytes(2 * MIB), FILE))))
    folders = Folders(pod.models, pod.root / "credentials", pod.root / "claims")
    order = ModelOrder(replace(RANKER, size_limit=3 * MIB), CONFIG)
    Loader(folders, size_limit=MIB).load((order,))
    assert "ranker/1/model.py" in pod.tree()


def test_a_plan_of_an_older_operator_has_no_limit(pod: Pod) -> None:
    pod.put("ranker.tar.gz", tar_of(*code(("w", bytes(2 * MIB), FILE))))
    pod.load(RANKER)
    assert "ranker/1/model.py" in pod.tree()


def test_a_sparse_file_of_a_claim_is_refused_before_it_is_copied(pod: Pod) -> None:
    with pod.put("ranker.py").open("r+b") as file:
        file.truncate(1 << 40)
    message = refusal(pod, replace(LIMIT, uri="pvc://weights/ranker.py"))
    assert "found 1.0 TiB (1,099,511,627,776 bytes) to download" in message


def test_files_of_a_claim_are_added_up(pod: Pod) -> None:
    for number in range(3):
        pod.put(f"ranker/w{number}", bytes(400 * KIB))
    message = refusal(pod, replace(LIMIT, uri="pvc://weights/ranker"))
    assert "found 1.2 MiB (1,228,800 bytes) to download" in message


def test_a_file_that_grows_while_it_is_copied_is_stopped(
    pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod.put("ranker/w", bytes(2 * MIB))
    monkeypatch.setattr(Downloads, "expect", lambda *anything: None)
    downloads = Downloads(SizeLimit(MIB))
    target = pod.models / "1"
    target.mkdir()
    with pytest.raises(LoadError, match=r"found at least 2\.0 MiB"):
        copy_folder(ClaimPath(pod.claim, pod.claim / "ranker"), target, "ranker", downloads)


def test_a_pipe_on_a_claim_is_not_waited_for(pod: Pod) -> None:
    os.mkfifo(pod.claim / "ranker.py")
    message = refusal(pod, replace(RANKER, uri="pvc://weights/ranker.py"))
    assert "found a device, pipe or socket" in message


def test_files_and_levels_of_a_folder_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest, "MOST_FILES", 200)
    # Each folder leads twice to the next one: 2**12 ways to one file.
    for level in range(12):
        (tmp_path / "all" / str(level)).mkdir(parents=True)
        for name in "ab":
            (tmp_path / "all" / str(level) / name).symlink_to(f"../{level + 1}")
    (tmp_path / "all" / "12").mkdir()
    with pytest.raises(LoadError, match="more than 200 files or folders"):
        list(files_of(tmp_path / "all" / "0", tmp_path))


def test_a_deep_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "/".join("d" * 120)).mkdir(parents=True)
    with pytest.raises(LoadError, match="more than 100 folders deep"):
        list(files_of(tmp_path))


def test_a_long_chain_of_links_on_a_claim_is_refused(pod: Pod) -> None:
    pod.put("ranker/model.py")
    for number in range(2000):
        (pod.claim / f"ranker/l{number}").symlink_to(f"l{number + 1}")
    (pod.claim / "ranker/l2000").symlink_to("model.py")
    for uri in ("pvc://weights/ranker", "pvc://weights/ranker/l0"):
        assert "more links than Linux follows" in refusal(pod, replace(RANKER, uri=uri))


def test_what_an_earlier_container_left_counts(tmp_path: Path) -> None:
    download = Download("ranker", "https://store.example/w", pinned=True)
    (tmp_path / "download").write_bytes(bytes(MIB))
    (tmp_path / "download.json").write_text(
        '{"uri": "https://store.example/w", "etag": null, "total": null}'
    )
    downloads = Downloads(SizeLimit(MIB))
    partial = ResumableDownload(tmp_path, replace(download, downloads=downloads))
    assert partial.size == MIB
    with pytest.raises(LoadError, match=r"found at least 1\.0 MiB"):
        partial.append([b"x"])
    assert (tmp_path / "download").stat().st_size == MIB


def test_what_is_discarded_no_longer_counts(tmp_path: Path) -> None:
    downloads = unlimited()
    downloads.hold(tmp_path / "a", 70)
    downloads.hold(tmp_path / "b", 30)
    downloads.hold(tmp_path / "a", 0)
    downloads.limit = SizeLimit(100)
    downloads.expect(tmp_path / "b", 100)
    with pytest.raises(LoadError):
        downloads.expect(tmp_path / "a", 71)


def test_a_link_that_another_container_left_in_a_folder_is_found(
    pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod.put("ranker/model.py")
    honest = claims.copy_folder

    def with_link(source: ClaimPath, target: Path, model: str, downloads: Downloads) -> Copied:
        copied = honest(source, target, model, downloads)
        (target / "words").symlink_to("../../../../credentials")
        return copied

    monkeypatch.setattr(claims, "copy_folder", with_link)
    message = refusal(pod, replace(RANKER, uri="pvc://weights/ranker"))
    assert "its link 'words' leads to '../../../../credentials', outside of it" in message
