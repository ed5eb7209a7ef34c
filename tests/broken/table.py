"""The table of broken situations, in sections."""

from collections.abc import Mapping

from tests.broken.artifacts import CLAIMS, CONTENTS, CREDENTIALS, SILENT_SOURCES, SOURCES
from tests.broken.canaries import CANARIES
from tests.broken.models import ENDLESS, MODELS
from tests.broken.pods import ENVIRONMENTS, IMAGES, NAMES, REFUSED_PODS, UNPLACED
from tests.broken.situation import Situation
from tests.broken.specs import INVALID, REFUSED

SECTIONS: Mapping[str, tuple[Situation, ...]] = {
    "`kubectl apply` fails": REFUSED,
    "The spec, references and names": (*INVALID, *NAMES),
    "The source": (*SOURCES, *SILENT_SOURCES),
    "Credentials of the source": CREDENTIALS,
    "The artifact": CONTENTS,
    "Volume claims": CLAIMS,
    "Pods are refused, or no node takes them": (*REFUSED_PODS, *UNPLACED),
    "Images and the environment": (*IMAGES, *ENVIRONMENTS),
    "Triton and the model": (*MODELS, *ENDLESS),
    "Canaries": CANARIES,
}
SITUATIONS = tuple(situation for section in SECTIONS.values() for situation in section)
