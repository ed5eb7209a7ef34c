"""The annotation of a Namespace that freezes the rollouts of its units."""

from collections.abc import Mapping

from inference_operator.api.base import GROUP
from inference_operator.api.quoting import beginning

FREEZE_ANNOTATION = f"{GROUP}/freeze"
LONGEST_REASON = 200
"""Characters of a reason that are shown; the rest is cut off, and freezes all the same."""

_WITHOUT_REASON = ("", "true")


def freeze_of(namespace: str, annotations: Mapping[str, object]) -> str:
    """Return a part of a sentence about what freezes the rollouts of a namespace; empty if nothing
    does. Every value but `false` freezes.

    >>> freeze_of("trading", {"inference.aipx.io/freeze": "end of quarter"})
    'the annotation inference.aipx.io/freeze of namespace trading freezes rollouts: end of quarter'
    >>> freeze_of("trading", {"inference.aipx.io/freeze": "false"})
    ''
    """
    if FREEZE_ANNOTATION not in annotations:
        return ""
    reason = beginning(str(annotations[FREEZE_ANNOTATION]), LONGEST_REASON)
    if reason.lower() == "false":
        return ""
    sentence = f"the annotation {FREEZE_ANNOTATION} of namespace {namespace} freezes rollouts"
    return sentence if reason.lower() in _WITHOUT_REASON else f"{sentence}: {reason}"
