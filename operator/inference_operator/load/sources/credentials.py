"""A mounted Secret: its values, and the HTTP credentials in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inference_operator.api.problem import SOURCE_SECRET
from inference_operator.api.reasons import Reason
from inference_operator.domain.http_credentials import EXPECTED, Credentials, CredentialsError
from inference_operator.load.failure import LoadError


@dataclass(frozen=True, slots=True)
class Secret:
    """The values of a mounted Secret, which are never printed; empty ones count as absent."""

    name: str
    values: Mapping[str, str] = field(repr=False)

    def first(self, *keys: str) -> str | None:
        """Return the value of the first of these keys that is set."""
        return next((self.values[key] for key in keys if key in self.values), None)

    def unusable(self, problem: str, expected: str) -> LoadError:
        """Return an error that names keys, but never values."""
        return LoadError(
            Reason.ARTIFACT_FORBIDDEN,
            f"Secret {self.name} cannot be used: {problem}",
            f"give it the keys {expected}",
            SOURCE_SECRET,
        )


def read_secret(folder: Path) -> Secret:
    """Read a Secret's folder; LoadError when it is not mounted or has a value that is not text."""
    name = folder.name
    if not folder.is_dir():
        raise Secret(name, {}).unusable("it is not mounted in the pod", "of its source")
    if not any(path.is_file() for path in folder.iterdir()):
        # The volume is optional: without the Secret its folder is empty.
        raise LoadError(
            Reason.SECRET_NOT_FOUND,
            f"Secret {name} does not exist in this namespace, or it has no keys",
            f"create it, with the keys of its source: for https {EXPECTED}",
            SOURCE_SECRET,
        )
    values = {}
    # The kubelet keeps the Secret's versions in hidden folders; `.dockerconfigjson` is a key.
    for path in folder.iterdir():
        if path.is_file():
            try:
                values[path.name] = path.read_text("utf-8").strip()
            except UnicodeDecodeError:
                raise Secret(name, {}).unusable(f"`{path.name}` is not text", "as text") from None
    return Secret(name, {key: value for key, value in values.items() if value})


def http_credentials(secret: Secret, expected: str = EXPECTED) -> Credentials:
    """Return the header and the authority; LoadError names the keys if they do not fit."""
    try:
        return Credentials.of(secret.values)
    except CredentialsError as error:
        raise secret.unusable(str(error), expected) from None
