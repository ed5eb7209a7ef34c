"""Settings, read once from the environment."""

import pytest

from inference_operator.settings import Settings, SettingsError, read_settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read_settings({}) == Settings()


def test_each_setting_has_its_variable() -> None:
    found = read_settings(
        {
            "INFERENCE_OPERATOR_TRITON_IMAGE": "registry.example/triton:1",
            "INFERENCE_OPERATOR_WORKERS": "4",
            "INFERENCE_OPERATOR_NAMESPACES": "rates, credit,",
            "PATH": "/usr/bin",
        }
    )

    assert (found.triton_image, found.workers) == ("registry.example/triton:1", 4)
    assert found.served_namespaces == ("rates", "credit")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "0"),
        ("WORKERS", "many"),
        ("PORT", "65536"),
        ("PORT", "tcp://10.0.0.1:8080"),
        ("LOG_LEVEL", "debug"),
        ("RESYNC_SECONDS", "1"),
        ("API_TIMEOUT_SECONDS", "0"),
        ("ARTIFACT_CACHE_URL", "cache.svc:8081"),
        ("ARTIFACT_CACHE_URL", "https://cache.svc"),
        ("MLFLOW_TRACKING_URI", "mlflow.svc:5000"),
        ("MLFLOW_TRACKING_URI", "file:///mlruns"),
        ("REGISTRY_INTERVAL_SECONDS", "0"),
        ("REGISTRY_WRITE_TAGS", "promoted"),
        ("WORKRES", "4"),
    ],
)
def test_an_unusable_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({f"INFERENCE_OPERATOR_{name}": value})

    assert str(caught.value).startswith(f"INFERENCE_OPERATOR_{name}: found '{value}': ")


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_URI", "MLFLOW_TRACKNG_URI"])
@pytest.mark.parametrize("value", ["https://desk:hunter2@mlflow.svc", "hunter2@mlflow.svc:5000"])
def test_a_password_is_refused_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({f"INFERENCE_OPERATOR_{name}": value})

    said = str(caught.value)
    assert said.startswith(f"INFERENCE_OPERATOR_{name}: found a user name or password in it")
    assert "secretRef names a Secret" in said
    assert "hunter2" not in said


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(SettingsError, match=r"PORT.*; .*WORKERS|WORKERS.*; .*PORT"):
        read_settings({"INFERENCE_OPERATOR_PORT": "x", "INFERENCE_OPERATOR_WORKERS": "y"})
