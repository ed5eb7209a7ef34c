"""Reads allow_lists.yaml: what the operator and the admission policy refuse by which lists."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from inference_operator.api.validate import parse
from inference_operator.domain.allow_lists import AllowLists
from inference_operator.validation.allow_list_problems import not_allowed
from inference_operator.validation.route_problems import routes_not_allowed
from tests.api_cases.bad_manifests import GOOD, GOOD_PIPELINE, changed
from tests.environment import settings_of

_SETTINGS = {
    "images": "INFERENCE_OPERATOR_ALLOWED_IMAGES",
    "serviceAccounts": "INFERENCE_OPERATOR_ALLOWED_SERVICE_ACCOUNTS",
    "priorityClasses": "INFERENCE_OPERATOR_ALLOWED_PRIORITY_CLASSES",
    "tolerations": "INFERENCE_OPERATOR_ALLOWED_TOLERATIONS",
    "sourceHosts": "INFERENCE_OPERATOR_ALLOWED_SOURCE_HOSTS",
    "gateways": "INFERENCE_OPERATOR_ALLOWED_GATEWAYS",
    "hostnames": "INFERENCE_OPERATOR_ALLOWED_HOSTNAMES",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table."""

    name: str
    lists: dict[str, str]
    change: dict[str, Any]
    kind: str = "model"
    refused: str = ""
    """The field that is refused; empty where all is allowed."""
    hidden: str = ""
    """What no message may show."""

    @property
    def body(self) -> dict[str, Any]:
        """The manifest."""
        return changed(self.change, GOOD_PIPELINE if self.kind == "pipeline" else GOOD)

    @property
    def environment(self) -> dict[str, str]:
        """The lists as settings of the operator, and as data of the policy's ConfigMap."""
        return {_SETTINGS[name]: value for name, value in self.lists.items()}

    @property
    def allowed(self) -> AllowLists:
        """The lists as the operator reads them."""
        return settings_of(self.environment).allowed

    @property
    def sentences(self) -> tuple[str, ...]:
        """The operator's sentences."""
        return self.sentences_in(self.body["metadata"].get("namespace", "default"))

    def sentences_in(self, namespace: str) -> tuple[str, ...]:
        """The operator's sentences about the body in a namespace."""
        spec, lists = parse(self.body).spec, self.allowed
        problems = (*not_allowed(spec, lists), *routes_not_allowed(spec, lists, namespace))
        return tuple(map(str, problems))


def _cases() -> tuple[Case, ...]:
    text = Path(__file__).with_name("allow_lists.yaml").read_text(encoding="utf-8")
    return tuple(Case(**row) for row in yaml.safe_load(text))


CASES = _cases()
