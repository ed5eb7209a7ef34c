"""Sentences of Triton that say something about a model's process or its queue."""

import re

# Of python_backend's python_be.cc and stub_launcher.cc, up to and after 2.51.
_DEAD_STUB = re.compile(
    r"Stub process (?:'[^']{1,1024}' )?is not healthy|Failed to obtain the health mutex"
)
# Of core's scheduler_utils.cc and dynamic_batch_scheduler.cc: the model itself said nothing.
_QUEUE = re.compile(r"Exceeds maximum queue size|Request timeout expired")


def is_about_dead_stub(error: str) -> bool:
    """Return whether an error says that a Python model's process is dead or stuck."""
    return _DEAD_STUB.search(error) is not None


def is_of_the_queue(error: str) -> bool:
    """Return whether an error comes from Triton's queue, so that the model may still hang."""
    return _QUEUE.search(error) is not None
