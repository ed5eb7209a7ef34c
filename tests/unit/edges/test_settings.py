"""Settings, read once from the environment."""

from pathlib import Path

import pytest

from inference_operator.settings import DEFAULTS, SettingsError, read_allow_lists
from tests.environment import settings_of


def test_an_empty_environment_gives_the_defaults() -> None:
    assert settings_of({}) == DEFAULTS


def test_each_setting_has_its_variable() -> None:
    settings = settings_of(
        {
            "INFERENCE_OPERATOR_TRITON_IMAGE": "registry.example/triton:1",
            "INFERENCE_OPERATOR_WORKERS": "4",
            "INFERENCE_OPERATOR_NAMESPACES": "rates, credit,",
            "PATH": "/usr/bin",
        }
    )

    assert (settings.triton_image, settings.workers) == ("registry.example/triton:1", 4)
    assert settings.served_namespaces == ("rates", "credit")


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
        ("FREEZE_ROLLOUTS", "quarter end"),
    ],
)
def test_an_unusable_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of({f"INFERENCE_OPERATOR_{name}": value})

    assert str(caught.value).startswith(f"INFERENCE_OPERATOR_{name}: found '{value}': ")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("INFERENCE_OPERATOR_WORKRES", "did you mean INFERENCE_OPERATOR_WORKERS?"),
        ("INFERENCE_OPERATOR_MLFLOW_TRACKNG_URI", "mean INFERENCE_OPERATOR_MLFLOW_TRACKING_URI?"),
        ("INFERENCE_OPERATOR_MLFLOW_TRACKING_PASSWORD", "INFERENCE_OPERATOR_MLFLOW_TRACKING_URI?"),
        ("INFERENCE_OPERATOR_workers", "did you mean INFERENCE_OPERATOR_WORKERS?"),
        ("INFERENCE_OPERATOR_Allowed_Images", "did you mean INFERENCE_OPERATOR_ALLOWED_IMAGES?"),
        ("inference_operator_workers", "did you mean INFERENCE_OPERATOR_WORKERS?"),
        ("INFERENCE_OPERATOR_ARTIFACT_CACHE", "mean INFERENCE_OPERATOR_ARTIFACT_CACHE_URL?"),
        ("INFERENCE_OPERATOR_WORKERS_CACHE", "did you mean INFERENCE_OPERATOR_WORKERS?"),
        ("INFERENCE_OPERATOR_", "remove it"),
        ("INFERENCE_OPERATOR_QQQQ", "remove it"),
    ],
)
def test_an_unknown_variable_is_refused_without_its_value(name: str, meant: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of({name: "hunter2"})

    message = str(caught.value)
    assert message.startswith(
        f"{name}: found a variable that is not a setting (its value is not shown)"
    )
    assert message.endswith(meant)
    assert "hunter2" not in message


def test_the_folder_of_the_project_s_tools_is_no_setting() -> None:
    assert settings_of({"INFERENCE_OPERATOR_CACHE": "/tmp/builds"}) == DEFAULTS


def test_a_file_of_variables_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("INFERENCE_OPERATOR_WORKERS=4\n")
    monkeypatch.chdir(tmp_path)

    assert settings_of({}) == DEFAULTS


def test_the_name_of_a_variable_is_shown_as_a_terminal_obeys_none_of_it() -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of({f"INFERENCE_OPERATOR_\x1b[2J\n{'x' * 500}": "hunter2"})

    message = str(caught.value)
    assert message.startswith("INFERENCE_OPERATOR_\\u001b[2J\\u000a")
    assert message.isprintable()
    assert len(message) < 300


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("MLFLOW_TRACKING_URI", "https://h/x?token=hunter2", "'https://h/x' with a query or"),
        ("MLFLOW_TRACKING_URI", "https://h/x#hunter2", "'https://h/x' with a query or"),
        ("MLFLOW_TRACKING_URI", "https://user:hunter2@sha256:x", "a user name or password in it"),
        ("MLFLOW_TRACKING_URI", "https://h?token=hunter2", "'https://h' with a query or"),
        ("ARTIFACT_CACHE_URL", "http://h/p?sig=hunter2", "'http://h/p' with a query or"),
        ("ARTIFACT_CACHE_URL", "http://h?sig=hunter2", "'http://h' with a query or"),
        ("ARTIFACT_CACHE_URL", "http://desk:hunter2@h", "a user name or password in it"),
        ("ALLOWED_IMAGES", "nvcr.io/*,desk:hunter2@x.io/y", "'nvcr.io/*,(not shown)': entry 2 is"),
        ("ALLOWED_IMAGES", "nvcr.io/*,bad image@hunter2", "'nvcr.io/*,(not shown)': entry 2 is"),
        ("ALLOWED_IMAGES", "https://a:hunter2@sha256:0,x.io/*", "'(not shown),x.io/*': entry 1"),
        ("ALLOWED_SOURCE_HOSTS", "a.example, b?sig=hunter2", "'a.example,(not shown)': entry 2"),
        ("PORT", "tcp://desk:hunter2@10.0.0.1:8080", "(not shown: it has a query, a fragment or"),
    ],
)
def test_what_may_be_a_password_is_hidden_by_the_form_of_the_setting(
    name: str, value: str, shown: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of({f"INFERENCE_OPERATOR_{name}": value})

    message = str(caught.value)
    assert message.startswith(f"INFERENCE_OPERATOR_{name}: found {shown}")
    assert "hunter2" not in message
    assert ("secretRef" in message) == (name == "MLFLOW_TRACKING_URI" and "@" in value)


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_URI"])
@pytest.mark.parametrize("value", ["https://desk:hunter2@mlflow.svc", "hunter2@mlflow.svc:5000"])
def test_a_password_is_refused_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of({f"INFERENCE_OPERATOR_{name}": value})

    message = str(caught.value)
    assert message.startswith(f"INFERENCE_OPERATOR_{name}: found a user name or password in it")
    assert "secretRef names a Secret" in message
    assert "hunter2" not in message


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(SettingsError, match=r"PORT.*; .*WORKERS|WORKERS.*; .*PORT"):
        settings_of({"INFERENCE_OPERATOR_PORT": "x", "INFERENCE_OPERATOR_WORKERS": "y"})


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("IMAGES", "tritonserver", 1),
        ("IMAGES", "nvcr.io/nvidia/*, nvidia/*", 2),
        ("IMAGES", "*", 1),
        ("IMAGES", "nvcr.io*", 1),
        ("IMAGES", "nvcr.io/nvidia/triton*", 1),
        ("IMAGES", "https://nvcr.io/nvidia/*", 1),
        ("IMAGES", "NVCR.io/nvidia/*", 1),
        ("SERVICE_ACCOUNTS", "Inference", 1),
        ("PRIORITY_CLASSES", "*", 1),
        ("TOLERATIONS", "nvidia.com/gpu:Always", 1),
        ("TOLERATIONS", "*:NoSchedule", 1),
        ("SOURCE_HOSTS", "https://models.example.com", 1),
        ("SOURCE_HOSTS", "models.example.com/a", 1),
        ("SOURCE_HOSTS", "models.example.com:443", 1),
        ("SOURCE_HOSTS", "*", 1),
        ("SOURCE_HOSTS", "*example.com", 1),
        ("SOURCE_HOSTS", "s3://", 1),
        ("SOURCE_HOSTS", "s3://models/prefix", 1),
        ("SOURCE_HOSTS", "models.example.com.", 1),
    ],
)
def test_an_entry_that_is_none_is_refused_by_its_number(name: str, value: str, number: int) -> None:
    variable = f"INFERENCE_OPERATOR_ALLOWED_{name}"
    with pytest.raises(SettingsError) as caught:
        settings_of({variable: value})

    assert str(caught.value).startswith(f"{variable}: found '{value}': entry {number} is not ")


def test_a_list_without_entries_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"found ' , ': a list without entries is not "):
        settings_of({"INFERENCE_OPERATOR_ALLOWED_IMAGES": " , "})


def test_lists_are_read_with_spaces_and_digests() -> None:
    digest = f"nvcr.io/nvidia/tritonserver@sha256:{'a' * 64}"
    lists = settings_of(
        {
            "INFERENCE_OPERATOR_ALLOWED_IMAGES": f" {digest},\nregistry.example.com:5000/* ",
            "INFERENCE_OPERATOR_ALLOWED_SOURCE_HOSTS": "*.example.com:8443, s3://Models.1, pvc://*",
            "INFERENCE_OPERATOR_ALLOWED_TOLERATIONS": "",
            "INFERENCE_OPERATOR_ALLOWED_GATEWAYS": "gateways/public, $namespace/*",
            "INFERENCE_OPERATOR_ALLOWED_HOSTNAMES": "*.$namespace.example.com",
        }
    ).allowed
    assert lists.images == (digest, "registry.example.com:5000/*")
    assert lists.source_hosts == ("*.example.com:8443", "s3://Models.1", "pvc://*")
    assert lists.tolerations == ()
    assert lists.gateways == ("gateways/public", "$namespace/*")
    assert lists.hostnames == ("*.$namespace.example.com",)


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("GATEWAYS", "public"),
        ("GATEWAYS", "*/public"),
        ("GATEWAYS", "*"),
        ("GATEWAYS", "gateways/"),
        ("GATEWAYS", "gateways/pub*"),
        ("GATEWAYS", "team-$namespace/*"),
        ("HOSTNAMES", "*"),
        ("HOSTNAMES", "Example.com"),
        ("HOSTNAMES", "https://example.com"),
        ("HOSTNAMES", "example.com:443"),
        ("HOSTNAMES", "a.*.example.com"),
        ("HOSTNAMES", "*example.com"),
        ("HOSTNAMES", "$name.example.com"),
    ],
)
def test_an_entry_that_allows_nothing_or_too_much_is_refused(name: str, entry: str) -> None:
    with pytest.raises(SettingsError, match="entry 1 is not "):
        settings_of({f"INFERENCE_OPERATOR_ALLOWED_{name}": entry})


def test_a_digest_in_a_bad_list_is_shown_but_a_password_is_not() -> None:
    digest = f"nvcr.io/x@sha256:{'a' * 64}"
    with pytest.raises(SettingsError, match="@sha256:aaaa"):
        settings_of({"INFERENCE_OPERATOR_ALLOWED_IMAGES": f"{digest}, x"})
    with pytest.raises(SettingsError) as caught:
        settings_of({"INFERENCE_OPERATOR_ALLOWED_SOURCE_HOSTS": "desk:hunter2@store.example"})
    assert "hunter2" not in str(caught.value)


def test_a_list_of_the_command_line_replaces_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INFERENCE_OPERATOR_ALLOWED_IMAGES", "nvcr.io/*")
    monkeypatch.setenv("INFERENCE_OPERATOR_ALLOWED_TOLERATIONS", "*")
    monkeypatch.setenv("INFERENCE_OPERATOR_WORKERS", "none of the lists")

    allowed = read_allow_lists({"allowed_images": ""})
    assert (allowed.images, allowed.tolerations) == ((), ("*",))
    with pytest.raises(SettingsError, match=r"^INFERENCE_OPERATOR_ALLOWED_IMAGES: found 'x': "):
        read_allow_lists({"allowed_images": "x"})


@pytest.mark.parametrize("name", ["port", "PORT", "namespaces", "mlflow_tracking_uri"])
def test_a_variable_without_the_prefix_is_not_a_setting(name: str) -> None:
    assert settings_of({name: "ftp://user:secret@host/"}) == DEFAULTS
