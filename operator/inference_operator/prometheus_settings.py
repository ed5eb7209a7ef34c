"""Settings of the Prometheus that canaries are judged by."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from inference_operator.adapters.prometheus.gateway_scope import (
    LABEL,
    TRAEFIK_METRIC,
    TRAEFIK_SERVICE,
    GatewayScope,
    GatewayScopeError,
)
from inference_operator.adapters.prometheus.scope import Scope, ScopeError

# RFC 7617: a user name ends at its first colon.
_USER = r"^[^:\x00-\x1f\x7f]*$"
_NAMESPACE = "prometheus_namespace_label"
# A pair of labels is checked when its second one is.
_ANOTHER = "another_label"


class PrometheusSettings(BaseModel):
    """A part of the operator's settings. Files are read again for each sweep."""

    prometheus_url: Annotated[str, Field(pattern=r"^(https?://[^/@\s?#]+(/[^\s?#]*)?)?$")] = ""
    """Address of the Prometheus that canaries are judged by, without `/api/v1`. Empty: none."""

    prometheus_selector: str = ""
    """Matchers that each query has, such as `cluster="eu1"`, where Prometheus has other clusters'
    series too."""

    prometheus_namespace_label: str = "namespace"
    """Label of series that names their pod's namespace."""

    prometheus_pod_label: Annotated[str, Field(validate_default=True)] = "pod"
    """Label of series that names their pod."""

    prometheus_interval_seconds: Annotated[float, Field(ge=1, le=600)] = 10.0
    """Seconds between two sweeps, which ask for the metrics of all units."""

    prometheus_delay_seconds: Annotated[float, Field(ge=0, le=300)] = 1.0
    """How many seconds ago the values are asked for: as long as samples take to arrive."""

    prometheus_timeout_seconds: Annotated[float, Field(ge=0.1, le=60)] = 5.0
    """Time limit of one query, for the server and for the connection."""

    prometheus_bearer_token_file: str = ""
    """File with a token for the header Authorization. Empty: none."""

    prometheus_username: Annotated[str, Field(max_length=256, pattern=_USER)] = ""
    """User name for the header Authorization, with the file of its password. Empty: none."""

    prometheus_password_file: Annotated[str, Field(validate_default=True)] = ""
    """File with the password of the user name."""

    prometheus_ca_file: str = ""
    """PEM file of authorities that are trusted besides the system's. Empty: none."""

    prometheus_queries: Literal["Enabled", "Disabled"] = "Enabled"
    """Whether metrics of the type Prometheus, with queries of users, are asked for."""

    prometheus_gateway_metric: str = TRAEFIK_METRIC
    """Histogram of a gateway's request durations in seconds, for percentiles that Triton has no
    histogram of. It ends in `_bucket`."""

    prometheus_gateway_label: str = LABEL
    """Label of that histogram which names the Service that a request was led to."""

    prometheus_gateway_service: str = TRAEFIK_SERVICE
    """Regular expression of that label's whole value, with `{namespace}` and `{service}` in it."""

    @property
    def gateway_scope(self) -> GatewayScope:
        """Return where the histogram of a gateway is."""
        return GatewayScope(
            self.prometheus_gateway_metric,
            self.prometheus_gateway_label,
            self.prometheus_gateway_service,
        )

    @property
    def allows_queries(self) -> bool:
        """Return whether queries of users are asked."""
        return self.prometheus_queries == "Enabled"

    @field_validator("prometheus_selector", "prometheus_namespace_label", "prometheus_pod_label")
    @classmethod
    def _fits_into_queries(cls, value: str, info: ValidationInfo) -> str:
        """Refuse what is no part of a valid query."""
        try:
            if info.field_name == "prometheus_selector":
                Scope(selector=value)
            elif info.field_name == "prometheus_namespace_label":
                Scope(namespace_label=value, pod_label=_ANOTHER)
            else:
                Scope(namespace_label=info.data.get(_NAMESPACE, _ANOTHER), pod_label=value)
        except ScopeError as error:
            raise PydanticCustomError("scope", "{problem}", {"problem": str(error)}) from None
        return value

    @field_validator(
        "prometheus_gateway_metric", "prometheus_gateway_label", "prometheus_gateway_service"
    )
    @classmethod
    def _reads_a_gateway(cls, value: str, info: ValidationInfo) -> str:
        """Refuse what no histogram can be read by."""
        given: dict[str, Any] = {str(info.field_name).removeprefix("prometheus_gateway_"): value}
        try:
            GatewayScope(**given)
        except GatewayScopeError as error:
            raise PydanticCustomError("scope", "{problem}", {"problem": str(error)}) from None
        return value

    @field_validator("prometheus_password_file")
    @classmethod
    def _comes_with_a_user_name(cls, value: str, info: ValidationInfo) -> str:
        """Refuse half of a user name and password, and two ways to authenticate."""
        user = info.data.get("prometheus_username", "")
        if bool(user) != bool(value):
            raise PydanticCustomError(
                "pair", "a user name and the file of its password must come together"
            )
        if user and info.data.get("prometheus_bearer_token_file"):
            raise PydanticCustomError(
                "pair", "name the file of a token, or of a password, not both"
            )
        return value
