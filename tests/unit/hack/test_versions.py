"""The Kubernetes versions that can be built, and the choice of one."""

import pytest

from hack.cluster import versions
from hack.cluster.binaries import api_server, node
from hack.console import StepError


def test_the_newest_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES", raising=False)
    assert versions.chosen() == versions.Kubernetes("1.37", "v1.37.2")
    monkeypatch.setenv("KUBERNETES", "")
    assert versions.chosen().minor == "1.37"


def test_an_older_one_is_chosen_by_its_minor_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES", "1.34")
    assert versions.chosen() == versions.Kubernetes("1.34", "v1.34.4")


@pytest.mark.parametrize("minor", ["1.33", "v1.37", "../1.34", "latest"])
def test_a_version_without_a_module_is_refused_by_name(minor: str) -> None:
    with pytest.raises(StepError, match="is not a version that can be built here") as refused:
        versions.kubernetes(minor)
    assert refused.value.remedy == "Use KUBERNETES=1.37 or 1.34."


def test_programs_say_their_version() -> None:
    flags = versions.kubernetes("1.34").ldflags
    assert "-X k8s.io/component-base/version.gitVersion=v1.34.4" in flags
    assert "-X k8s.io/client-go/pkg/version.gitMinor=34" in flags


def test_each_version_has_folders_of_its_own() -> None:
    every = [versions.kubernetes(minor) for minor in versions.MINORS]
    folders = {bundle.folder() for each in every for bundle in (api_server(each), node(each))}
    assert len(folders) == 2 * len(every)
