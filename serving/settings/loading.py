"""Reading of settings at the start of a program: all problems at once, a sentence each."""

from collections.abc import Mapping

from serving.settings.root import Settings


class SettingsError(Exception):
    """Settings that cannot be used; `problems` has one sentence for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the file that `CONFIG_PATH` names, and `SERVING_<SECTION>__<KEY>` over it."""
    return Settings()
