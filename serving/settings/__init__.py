"""Settings of client and gateway: a YAML file, and environment variables over it.

The sections of `reference` have the keys of the first platform; the others are this project's.
"""

from serving.settings.loading import SettingsError, load
from serving.settings.root import Settings
from serving.settings.triton import RouteSettings, TargetSettings, TritonSettings

__all__ = [
    "RouteSettings",
    "Settings",
    "SettingsError",
    "TargetSettings",
    "TritonSettings",
    "load",
]
