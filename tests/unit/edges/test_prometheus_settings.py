"""Settings of the Prometheus that canaries are judged by."""

import pytest

from inference_operator.settings import SettingsError
from tests.environment import settings_of

URL = "https://prometheus.monitoring.svc:9090/tenant"


def of(**values: str) -> dict[str, str]:
    return {f"INFERENCE_OPERATOR_PROMETHEUS_{name}": value for name, value in values.items()}


def problem(**values: str) -> str:
    with pytest.raises(SettingsError) as caught:
        settings_of(of(**values))
    return str(caught.value)


def test_without_an_address_there_is_no_prometheus() -> None:
    assert settings_of({}).prometheus_url == ""
    assert settings_of({}).allows_queries


def test_each_setting_is_read() -> None:
    settings = settings_of(
        of(
            URL=URL,
            SELECTOR='cluster="eu1"',
            NAMESPACE_LABEL="kubernetes_namespace",
            POD_LABEL="kubernetes_pod_name",
            INTERVAL_SECONDS="5",
            DELAY_SECONDS="30",
            TIMEOUT_SECONDS="2.5",
            USERNAME="desk",
            PASSWORD_FILE="/etc/prometheus/password",
            CA_FILE="/etc/prometheus/ca.pem",
            QUERIES="Disabled",
        )
    )
    assert settings.prometheus_url == URL
    assert settings.prometheus_selector == 'cluster="eu1"'
    assert settings.prometheus_namespace_label == "kubernetes_namespace"
    assert settings.prometheus_pod_label == "kubernetes_pod_name"
    assert (settings.prometheus_interval_seconds, settings.prometheus_delay_seconds) == (5, 30)
    assert settings.prometheus_timeout_seconds == 2.5
    assert not settings.allows_queries


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URL", "prometheus:9090"),
        ("URL", "ftp://prometheus"),
        ("URL", "http://prometheus?query=up"),
        ("URL", "http://prometheus#top"),
        ("URL", "http://?a/b"),
        ("SELECTOR", 'cluster="eu1"} or up'),
        ("NAMESPACE_LABEL", "my-namespace"),
        ("POD_LABEL", "model"),
        ("POD_LABEL", "namespace"),
        ("INTERVAL_SECONDS", "0"),
        ("INTERVAL_SECONDS", "inf"),
        ("DELAY_SECONDS", "-1"),
        ("TIMEOUT_SECONDS", "nan"),
        ("QUERIES", "yes"),
        ("GATEWAY_LABEL", "instance"),
        ("GATEWAY_LABEL", "le"),
        ("GATEWAY_METRIC", "requests_total"),
        ("GATEWAY_SERVICE", "{service}"),
    ],
)
def test_an_unusable_value_is_refused_by_name(name: str, value: str) -> None:
    assert problem(**{name: value}).startswith(f"INFERENCE_OPERATOR_PROMETHEUS_{name}: found ")


def test_a_label_of_the_gateway_that_names_no_service_is_refused_with_the_remedy() -> None:
    words = problem(GATEWAY_LABEL="instance")
    assert "found the label 'instance', expected the one that names the Service" in words
    assert "none of code, instance, le," in words
    assert words.endswith("`service` is that of Traefik")


@pytest.mark.parametrize("value", ["https://desk:hunter2@prometheus.svc", "a:hunter2@b:9090"])
def test_a_password_in_the_address_is_refused_and_not_shown(value: str) -> None:
    assert "hunter2" not in problem(URL=value)


def test_half_of_a_user_name_and_password_is_refused() -> None:
    together = "must come together"
    assert together in problem(USERNAME="desk")
    assert together in problem(PASSWORD_FILE="/etc/prometheus/password")


def test_two_ways_to_authenticate_are_refused() -> None:
    both = {"BEARER_TOKEN_FILE": "/token", "USERNAME": "desk", "PASSWORD_FILE": "/password"}
    assert "not both" in problem(**both)
