"""Layout of a built-in step from the code of this image, with a fetched vocabulary if given."""

from pathlib import Path

from inference_operator.api.problem import SOURCE_URI, Problem
from inference_operator.api.reasons import Reason
from inference_operator.domain.repository_plan import PlannedModel
from inference_operator.load.failure import LoadError
from inference_operator.load.layout.archive import is_archive
from inference_operator.load.sources.remote import Artifact
from inference_operator.load.transfer.digest import digest_of, files_of
from inference_operator.load.transfer.size_limit import SizeLimit

VOCABULARY = "spec.builtin.tokenizer.vocabulary"
"""The field of the step with the source of a tokenizer's vocabulary."""

MOST_VOCABULARY = 16 << 20
"""Bytes: ten times the vocabulary of multilingual BERT."""


def lay_out_builtin(model: PlannedModel, version: Path, fetched: Artifact | None) -> Artifact:
    """Write the step into its version's folder; return it with the digest of its files.

    `fetched` is the vocabulary; None: the step's own.
    """
    from model_builders.builtin.layout import write_builtin

    vocabulary = _vocabulary(model, fetched) if fetched is not None else None
    try:
        write_builtin(model.builtin or "", version, vocabulary)
    except ValueError as error:
        message = f"{model.uri} is not a vocabulary: {error}"
        raise LoadError(Reason.ARTIFACT_INVALID, message) from None
    size = sum(file.path.stat().st_size for file in files_of(version))
    return Artifact(None, "", digest_of(version), size)


def vocabulary_limit() -> SizeLimit:
    """Return the limit of a vocabulary, which the spec cannot change."""
    return SizeLimit(MOST_VOCABULARY, VOCABULARY, remedy="give a vocab.txt, one word a line")


def _vocabulary(model: PlannedModel, fetched: Artifact) -> Path:
    if fetched.file is not None and not is_archive(fetched.kind):
        return fetched.file
    value = f"{'a folder' if fetched.file is None else 'an archive'} at {model.uri}"
    requirement, remedy = "a vocab.txt, one word a line", "point it at the file"
    problem = Problem(SOURCE_URI, value, requirement, remedy)
    raise LoadError.of(Reason.ARTIFACT_INVALID, [problem])
