"""Grammar of artifact URIs, for the API's rules, the operator and the init container. The init
container starts in every pod, so this module imports the standard library only."""

import re
from dataclasses import dataclass

# MLflow's own schemes have one slash.
PREFIXES = {
    "models": "models:/",
    "runs": "runs:/",
    "https": "https://",
    "s3": "s3://",
    "gs": "gs://",
    "oci": "oci://",
    "pvc": "pvc://",
    # For a registry within the cluster, which names it; a spec may not.
    "http": "http://",
}
_REGISTRY = ("models", "runs")
_BUCKET = r"://[A-Za-z0-9][-A-Za-z0-9._]*/[^\s\v]+"
# The text after a colon is a port, or the beginning of a password with a slash in it.
_HOST = r"([^/@:\[\]\s\v]+|\[[-0-9A-Za-z:.%_~]+\])(:[0-9]{0,5})?"
FORMS = {
    "models": r"models:/[^/:@\f\n\r\t\v]+(@[-A-Za-z0-9_]+|/[1-9][0-9]{0,8})",
    "runs": r"runs:/[A-Za-z0-9][-A-Za-z0-9_]*/[^\s\v]*[^\s\v/]",
    "https": rf"https://{_HOST}/[^\s\v]+",
    "s3": f"s3{_BUCKET}",
    "gs": f"gs{_BUCKET}",
    "oci": rf"oci://{_HOST}/[a-z0-9]+([._/-]+[a-z0-9]+)*"
    r"(:[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}|@sha256:[0-9a-f]{64})",
    "pvc": r"pvc://[a-z0-9]([-a-z0-9.]*[a-z0-9])?/.*[^/].*",
}
"""Regular expressions that CEL and Python read alike, for the schemes that a spec may use."""


@dataclass(frozen=True, slots=True)
class SourceUri:
    """A URI in its parts; all but `text` are empty if the scheme is not one of `PREFIXES`.

    >>> SourceUri.of("s3://models/fx/7/model.onnx").place
    ('models', 'fx/7/model.onnx')
    """

    text: str
    scheme: str = ""
    authority: str = ""
    """Host and port, bucket, volume claim, registered model with its alias, or run."""

    path: str = ""
    """The text after the authority and a slash: a path, key, version, or repository with its
    tag."""

    @classmethod
    def of(cls, text: str) -> "SourceUri":
        """Return the parts of any text, whether or not it has its scheme's form."""
        scheme = text.partition(":/")[0]
        prefix = PREFIXES.get(scheme)
        if prefix is None or not text.startswith(prefix):
            return cls(text)
        authority, _, path = text.removeprefix(prefix).partition("/")
        return cls(text, scheme, authority, path)

    @property
    def place(self) -> tuple[str, str]:
        """Authority and path: a bucket and a key, say."""
        return self.authority, self.path

    @property
    def is_well_formed(self) -> bool:
        """Whether a spec may hold it."""
        form = FORMS.get(self.scheme)
        return form is not None and re.fullmatch(form, self.text, re.ASCII) is not None

    @property
    def is_in_registry(self) -> bool:
        """Whether MLflow resolves it."""
        return self.scheme in _REGISTRY
