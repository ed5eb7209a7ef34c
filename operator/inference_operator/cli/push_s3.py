"""Upload to S3 and servers with its protocol, with the loader's client."""

from pathlib import Path

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError

from inference_operator.api.quoting import beginning
from inference_operator.api.reasons import Reason
from inference_operator.cli.push import PushError, Upload
from inference_operator.load.failure import LoadError
from inference_operator.load.sources.credentials import Secret
from inference_operator.load.sources.s3 import S3
from inference_operator.load.transfer.digest import files_of
from inference_operator.load.transfer.transport import READ_TIMEOUT_SECONDS


class WritableS3(S3):
    """The loader's client, which also writes."""

    def put(self, file: Path, uri: str, bucket: str, key: str) -> None:
        """Upload one file, in parts if it is large."""
        with self._explained(uri):
            try:
                self._client.upload_file(str(file), bucket, key)
            except S3UploadFailedError as error:
                if isinstance(cause := error.__context__, ClientError):
                    raise cause from None
                text = beginning(str(error), 300)
                raise LoadError(Reason.FETCH_FAILED, f"{uri}: {text}") from None


def push_s3(upload: Upload) -> None:
    """Copy a file to its key, or the files of a folder below a prefix that ends with a slash."""
    bucket, key = upload.source.place
    if upload.path.is_dir() != key.endswith("/"):
        kind = "a folder, which needs" if upload.path.is_dir() else "a file, which needs no"
        raise PushError(
            f"URI: found {upload.source.text} for {kind} a slash at the end; correct it"
        )
    secret = Secret(upload.secret_name, upload.secret) if upload.secret_name else None
    store = WritableS3(secret, READ_TIMEOUT_SECONDS)
    if not upload.path.is_dir():
        store.put(upload.path, upload.source.text, bucket, key)
        return
    for file in files_of(upload.path):
        store.put(file.path, upload.source.text, bucket, f"{key}{file.relative}")
