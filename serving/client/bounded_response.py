"""Answers over HTTP with a limit of size, as gRPC has one."""

import aiohttp
from tritonclient.utils import InferenceServerException

_PART = 1 << 16
TOO_LARGE = "RESOURCE_EXHAUSTED"
"""The status that gRPC gives a message that is larger than its limit."""


def bounded(most_bytes: int) -> type[aiohttp.ClientResponse]:
    """Return a kind of answers that hold at most so many bytes in memory.

    The client asks for bodies as they are. A compressed one could unpack to any size, so it is
    refused. Reading raises InferenceServerException, and closes the connection.
    """

    class BoundedResponse(aiohttp.ClientResponse):
        async def read(self) -> bytes:
            encoding = self.headers.get("content-encoding", "identity")
            if encoding != "identity":
                self.close()
                raise InferenceServerException(
                    f"found an answer with Content-Encoding {encoding[:40]!r}, expected none: the"
                    " request asks for identity",
                    status="INTERNAL",
                )
            declared, received = self.content_length or 0, bytearray()
            while max(declared, len(received)) <= most_bytes:
                if not (part := await self.content.read(_PART)):
                    return bytes(received)
                received += part
            self.close()
            size = max(declared, len(received))
            raise InferenceServerException(
                f"Received message larger than max ({size} vs. {most_bytes})", status=TOO_LARGE
            )

    return BoundedResponse
