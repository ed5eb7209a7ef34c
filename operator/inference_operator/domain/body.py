"""Types of Kubernetes objects as JSON, and of their names."""

from collections.abc import Mapping
from typing import Any

Body = Mapping[str, Any]
"""An object that is only read."""

MutableBody = dict[str, Any]
"""An object that may be changed."""

NamespacedName = tuple[str, str]
"""Namespace (empty for cluster-wide kinds) and name."""
