"""The choice of the source for a uri; each scheme's library is imported on demand."""

from inference_operator.api.source_uri import SourceUri
from inference_operator.load.sources.credentials import Secret, http_credentials
from inference_operator.load.transfer.source import ArtifactSource
from inference_operator.load.transfer.transport import READ_TIMEOUT_SECONDS, Transport


def source_for(
    uri: str, secret: Secret | None, timeout: float = READ_TIMEOUT_SECONDS
) -> ArtifactSource:
    """Return the source for the uri's scheme; LoadError when the Secret does not fit it."""
    scheme = SourceUri.of(uri).scheme
    if scheme == "s3":
        from inference_operator.load.sources.s3 import S3

        return S3(secret, timeout)
    if scheme == "gs":
        from inference_operator.load.sources.gcs import CloudStorage

        return CloudStorage(secret, timeout)
    if scheme == "oci":
        from inference_operator.load.sources.oci import OciRegistry

        return OciRegistry(uri, secret, timeout)
    if secret is None:
        return Transport(timeout=timeout)
    return Transport(http_credentials(secret), timeout, secret.name)
