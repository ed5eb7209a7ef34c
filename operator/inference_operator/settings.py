"""The operator's settings, read once from the environment at the edge and passed in."""

import os
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from inference_operator.api.quoting import python_value, short
from inference_operator.api.shown_uri import NOT_SHOWN, image_is_shown, shown_uri
from inference_operator.api.suggestions import closest
from inference_operator.domain.allow_lists import FORMS, AllowLists, entries
from inference_operator.prometheus_settings import PrometheusSettings
from inference_operator.validation.defaults import Defaults

PREFIX = "INFERENCE_OPERATOR_"


def variable(field: str) -> str:
    """Return the name of the environment variable that sets the field."""
    return f"{PREFIX}{field.upper()}"


class AllowListSettings(BaseSettings):
    """The settings that `plan` and `render` read too; by default from `os.environ`.

    Values are read as they are written, as in the admission policy's ConfigMap.
    """

    # Never by the names of fields: the library would read variables of these names too.
    model_config = SettingsConfigDict(frozen=True, case_sensitive=True, alias_generator=variable)

    allowed_images: str = ""
    """Triton images that specs may name, separated by commas: `REGISTRY/PATH/*`,
    `REGISTRY/REPOSITORY`, with a tag or a digest. Empty: all."""

    allowed_service_accounts: str = ""
    """ServiceAccounts that pods may have, separated by commas. A spec without one has `default`.
    Empty: all."""

    allowed_priority_classes: str = ""
    """PriorityClasses that specs may name, separated by commas. Empty: all."""

    allowed_tolerations: str = ""
    """Taints that pods may tolerate, separated by commas: `KEY`, `KEY:EFFECT`, `KEY=VALUE`,
    `KEY=VALUE:EFFECT`, or `*`. Empty: all."""

    allowed_source_hosts: str = ""
    """Where artifacts may come from, separated by commas: `HOST`, `HOST:PORT`, `*.DOMAIN`,
    `s3://BUCKET`, `gs://BUCKET`, `pvc://CLAIM`. Empty: everywhere."""

    allowed_gateways: str = ""
    """Gateways that routes may attach to, separated by commas: `NAMESPACE/NAME`, `NAMESPACE/*`;
    `$namespace` is the resource's own. Empty: all."""

    allowed_hostnames: str = ""
    """Hostnames of routes, separated by commas: `HOSTNAME`, `*.DOMAIN`; `$namespace` stands for a
    label, the resource's namespace. Empty: all."""

    @field_validator(*FORMS)
    @classmethod
    def _is_a_list(cls, value: str, info: ValidationInfo) -> str:
        """Refuse a list with an entry that allows nothing, or more than it seems to."""
        form = FORMS[str(info.field_name)]
        given = entries(value)
        bad = next((i for i, entry in enumerate(given, 1) if not form.fits(entry)), None)
        if bad is not None or (value.strip() and not given):
            entry = f"entry {bad}" if bad else "a list without entries"
            context = {"entry": entry, "expected": form.expected}
            raise PydanticCustomError("allow_list", "{entry} is not {expected}", context)
        return value

    @property
    def allowed(self) -> AllowLists:
        """Return the allow-lists."""
        lists = {name.removeprefix("allowed_"): entries(getattr(self, name)) for name in FORMS}
        return AllowLists(**lists)


class Settings(PrometheusSettings, AllowListSettings):
    """The operator's settings; the variable of each is `INFERENCE_OPERATOR_<NAME>`."""

    triton_image: str = "nvcr.io/nvidia/tritonserver:26.01-py3"
    """Triton image of revisions whose spec does not name one."""

    loader_image: str = "inference-operator:latest"
    """Image of the init container: the operator's own."""

    artifact_cache_url: Annotated[str, Field(pattern=r"^(http://[^/@\s?#]+)?$")] = ""
    """Address of the nodes' artifact caches, given to new revisions. Empty: each pod fetches."""

    namespaces: str = ""
    """Namespaces to serve, separated by commas. Empty: all."""

    workers: Annotated[int, Field(ge=1, le=256)] = 16
    """Passes that may run at the same time."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Port of /healthz, /readyz and /metrics."""

    log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"
    """Lowest level that is logged."""

    lease_namespace: str = ""
    """Namespace of the Lease by which one of several operators leads. Empty: no election."""

    identity: str = "operator"
    """Name of this process in the Lease: its pod's name."""

    resync_seconds: Annotated[int, Field(ge=10)] = 3600
    """Seconds between comparisons of all custom resources with the API server's, which find lost
    deletions."""

    api_timeout_seconds: Annotated[float, Field(gt=0)] = 15.0
    """Time limit of one API request."""

    defaults_rollout: Literal["OnSpecChange", "Staged"] = "OnSpecChange"
    """When running units get a new default Triton image: with the next change of their spec, or in
    stages, a few units at once."""

    defaults_rollout_units: Annotated[int, Field(ge=1)] = 3
    """Number of units that get new defaults at once where they are rolled out in stages."""

    freeze_rollouts: bool = False
    """True to stop all rollouts: none starts, and none takes a step forward."""

    mlflow_tracking_uri: Annotated[str, Field(pattern=r"^(https?://[^/@\s?#]+(/[^\s?#]*)?)?$")] = ""
    """MLflow's tracking server for `models:/` and `runs:/` sources: an http or https address that
    serving pods reach too. Empty: none."""

    registry_interval_seconds: Annotated[float, Field(ge=1, le=86400)] = 30.0
    """Seconds between requests for the aliases of each registered model."""

    registry_write_tags: bool = False
    """True to tag a version in the registry when clients are moved to it, and when its rollout is
    aborted."""

    @property
    def staged_units(self) -> int:
        """Return the number of units that get new defaults at once; 0: each waits for its spec."""
        return self.defaults_rollout_units if self.defaults_rollout == "Staged" else 0

    @property
    def served_namespaces(self) -> tuple[str, ...]:
        return tuple(n.strip() for n in self.namespaces.split(",") if n.strip())


class SettingsError(Exception):
    """An unusable setting; the message names the variable and its value."""


def read_settings() -> Settings:
    """Return the settings of the environment; SettingsError names each one that cannot be used.

    Unknown variables, which pydantic-settings ignores, are problems too.
    """
    ours = (name for name in os.environ if name.upper().startswith(PREFIX))
    problems = [_unknown(name) for name in ours if name not in (*_FIELDS, _OF_THE_TOOLS)]
    try:
        settings = Settings()
    except ValidationError as error:
        problems += _problems(error)
    if problems:
        raise SettingsError("; ".join(problems))
    return settings


def settings_of(variables: Mapping[str, str]) -> Settings:
    """Return the settings of another process's environment; SettingsError names the unusable."""
    fields = Settings.model_fields.items()
    given: dict[str, Any] = {variable(name): field.default for name, field in fields}
    given |= {name: text for name, text in variables.items() if name in given}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("; ".join(_problems(error))) from None


def defaults_of(settings: Settings) -> Defaults:
    """Return what the settings add to a spec."""
    return Defaults(
        settings.triton_image,
        settings.loader_image,
        settings.artifact_cache_url or None,
        settings.staged_units,
        settings.freeze_rollouts,
        settings.allowed,
    )


def read_allow_lists(options: Mapping[str, str]) -> AllowLists:
    """Return the allow-lists of the environment; `options` (by field) replaces them."""
    given: dict[str, Any] = {variable(field): text for field, text in options.items()}
    try:
        return AllowListSettings(**given).allowed
    except ValidationError as error:
        raise SettingsError("; ".join(_problems(error))) from None


def read_prometheus() -> Settings:
    """Return the settings of Prometheus that the environment has, and defaults of all others."""
    names = map(variable, PrometheusSettings.model_fields)
    return settings_of({name: os.environ[name] for name in names if name in os.environ})


DEFAULTS = Settings.model_construct()
"""The settings of an empty environment."""

_FIELDS = {variable(field): field for field in Settings.model_fields}
# Where the project's own tools keep builds (hack/cache.py); they start operators too.
_OF_THE_TOOLS = f"{PREFIX}CACHE"
_ADDRESSES = ("artifact_cache_url", "mlflow_tracking_uri", "prometheus_url")
_REMEDIES = {
    "mlflow_tracking_uri": "spec.model.source.secretRef names a Secret with those of MLflow",
    "prometheus_url": f"{variable('prometheus_password_file')} names a file with the password",
}


def _problems(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        # An unusable default is named by its field, any other value by its variable.
        name = str(item["loc"][0])
        field = _FIELDS.get(name, name)
        yield f"{variable(field)}: found {_shown(field, str(item['input']))}: {item['msg']}"


def _unknown(name: str) -> str:
    # Its value may be a password, which must not be logged.
    meant = closest(name.upper().removeprefix(PREFIX), (n.removeprefix(PREFIX) for n in _FIELDS))
    remedy = f"did you mean {PREFIX}{meant}?" if meant else "remove it"
    return (
        f"{short(name)}: found a variable that is not a setting (its value is not shown), expected"
        f" one of README.md, in upper case; {remedy}"
    )


def _shown(field: str, value: str) -> str:
    """Return an unusable value for a message, without secrets: many people read a log."""
    if field in _ADDRESSES:
        return _shown_address(field, value)
    if field in FORMS:
        is_shown = image_is_shown if field == "allowed_images" else _is_plain
        parts = (part if is_shown(part) else "(not shown)" for part in value.split(","))
        return python_value(",".join(parts))
    return python_value(value) if _is_plain(value) else NOT_SHOWN


def _is_plain(value: str) -> bool:
    return not any(sign in value for sign in "@?#")


def _shown_address(field: str, value: str) -> str:
    if "@" in value:
        remedy = f"; {_REMEDIES[field]}" if field in _REMEDIES else ""
        return f"a user name or password in it (an @, so not shown), expected none{remedy}"
    shown = shown_uri(value)
    more = "" if shown == value else " with a query or a fragment (not shown)"
    return f"{python_value(shown)}{more}"
