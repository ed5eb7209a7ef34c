"""The listing of a bucket, for S3 and Google Cloud Storage alike."""

from collections.abc import Callable, Sequence

from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_uri
from inference_operator.api.source_uri import SourceUri
from inference_operator.load.failure import LoadError
from inference_operator.load.transfer.source import Listing, RemoteFile


def files_at(uri: str, names_below: Callable[[str, str], Sequence[str]]) -> Listing:
    """List one object, or all below a prefix that ends with a slash.

    `names_below` returns the names of a bucket's objects with a prefix, without folder markers.
    """
    bucket, name = SourceUri.of(uri).place
    if not name.endswith("/"):
        return Listing((RemoteFile(name, uri),))
    names = names_below(bucket, name)
    if not names:
        raise LoadError(
            Reason.ARTIFACT_NOT_FOUND,
            f"{shown_uri(uri)} is an empty folder",
            "correct it, or upload the artifact there",
        )
    root = uri.removesuffix(name)
    files = (RemoteFile(each.removeprefix(name), f"{root}{each}") for each in names)
    return Listing(tuple(files), is_folder=True)
