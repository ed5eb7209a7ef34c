"""How loading fails: a reason of the API and a sentence that says what to do."""

import errno

from inference_operator.api.reasons import Reason


class LoadError(Exception):
    """Loading cannot succeed; `reason` and the message go to the termination log."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def is_disk_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
