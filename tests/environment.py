"""Settings of an environment that a test makes up."""

import os
from collections.abc import Mapping
from unittest import mock

from inference_operator.settings import Settings, read_settings


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Return what the operator reads in a process with these variables and no others."""
    with mock.patch.dict(os.environ, environment, clear=True):
        return read_settings()
