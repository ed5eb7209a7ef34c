"""The artifact of a revision, as decisions and the history name it."""

from dataclasses import dataclass

from inference_operator.api.shown_uri import shown_uri


@dataclass(frozen=True, slots=True)
class Artifact:
    """The artifact of a model, or the set of steps of a pipeline."""

    uri: str = ""
    """Its address, for an alias that of the version that it named; empty for pipelines."""

    version: str = ""
    """The registry's version, or the number of a pipeline's set of steps."""

    sha256: str | None = None
    run_id: str = ""
    """MLflow run that created it."""

    steps: str = ""
    """Summary of a pipeline's steps: `features,price:3,average`."""

    @property
    def summary(self) -> str:
        """The artifact in a sentence, without the secret parts of its address.

        >>> Artifact("models:/x/3", "3", "ab12", "r1").summary
        'models:/x/3 (run r1, sha256 ab12)'
        """
        if self.steps:
            return self.steps.replace(",", ", ")
        run = f"run {self.run_id}" if self.run_id else ""
        digest = f"sha256 {self.sha256}" if self.sha256 else ""
        details = ", ".join(filter(None, (run, digest)))
        return f"{shown_uri(self.uri)} ({details})" if details else shown_uri(self.uri)
