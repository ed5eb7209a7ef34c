"""Check of imported manifests: they are read and planned again, as `plan` and `render` do it."""

from collections.abc import Collection, Iterator

from inference_operator.cli.arguments import refusals
from inference_operator.cli.documents import Document, InputError, manifests_of
from inference_operator.cli.manifests import Live, planned
from inference_operator.cli.resources import own_resources
from inference_operator.settings import DEFAULTS
from inference_operator.validation.defaults import Defaults

_PLACE = "the imported manifests"


def unserved(text: str, refused: Collection[str]) -> Iterator[str]:
    """Yield a warning for each manifest of `text` that `render` and the operator would refuse.

    `refused` are names of resources that a warning was given for.
    """
    defaults = Defaults(DEFAULTS.triton_image, DEFAULTS.loader_image)
    try:
        documents: list[Document] = manifests_of(text, _PLACE)
        if not documents:
            return
        plans = [plan for _, plan in planned(own_resources(documents, _PLACE), Live(), defaults)]
    except InputError as error:
        yield f"the operator will refuse the manifests: {error}"
        return
    for plan in plans:
        if plan.key.name not in refused:
            yield from (
                f"{plan.key.name}: the operator will refuse it: {sentence}"
                for sentence in refusals(plan)
            )
