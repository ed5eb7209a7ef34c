"""Digests of the artifacts that a revision has served, in the file that the init container reads.

The artifact behind an address that no digest pins may change. A pod that starts later must serve
what the revision's first pod served, or the answers would depend on the pod.
"""

import json
from collections.abc import Mapping

from inference_operator.domain.bounded_json import JsonLimits, parse_json
from inference_operator.domain.repository_plan import MOST_MODELS, is_sha256

DIGESTS_FILE = "digests.json"
# In the folder of a model: what was loaded there.
LOADED_FILE = ".loaded.json"
_LIMITS = JsonLimits(size=64 << 10, depth=1, containers=1)


def digests_to_json(digests: Mapping[str, str]) -> str:
    """Return the file's text.

    >>> digests_to_json({"lstm": "ab" * 32})[:20]
    '{"lstm":"abababababa'
    """
    return json.dumps(dict(sorted(digests.items())), separators=(",", ":"))


def digests_from_json(text: object) -> dict[str, str]:
    """Return the digests by the model's name in the repository; none where the text is not that of
    `digests_to_json`: clients may have edited it."""
    try:
        data = parse_json(text, _LIMITS) if isinstance(text, str) else {}
    except ValueError:
        return {}
    if not isinstance(data, dict) or len(data) > MOST_MODELS:
        return {}
    return {name: value for name, value in data.items() if is_sha256(value)}
