"""All settings of a gateway, and the rules between sections."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from serving.settings.batches import BatchesSettings
from serving.settings.gateway import (
    AuthSettings,
    ConfidenceSettings,
    CorsSettings,
    LagSettings,
    LimitsSettings,
    LoggingSettings,
    MonitorSettings,
    OutboxSettings,
    RedisSettings,
    ServerSettings,
    SwitchSettings,
)
from serving.settings.places import is_private
from serving.settings.reference import (
    DatabaseSettings,
    DuckdbSettings,
    InferenceSettings,
    MlflowSettings,
    MonitoringSettings,
    StorageSettings,
)
from serving.settings.triton import RoutesSettings, ServingSettings, TritonSettings, targets_of

PREFIX = "SERVING_"
LOCAL = "local"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Settings(BaseSettings):
    """All settings; `load` reads them. A value of a variable comes before that of the file."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__"
    )

    environment: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")] = LOCAL
    mlflow: MlflowSettings = MlflowSettings()
    storage: StorageSettings = StorageSettings()
    database: DatabaseSettings = DuckdbSettings()
    inference: InferenceSettings = InferenceSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    server: ServerSettings = ServerSettings()
    triton: TritonSettings = TritonSettings()
    routes: RoutesSettings = RoutesSettings()
    redis: RedisSettings = RedisSettings()
    auth: AuthSettings = AuthSettings()
    limits: LimitsSettings = LimitsSettings()
    cors: CorsSettings = CorsSettings()
    lag: LagSettings = LagSettings()
    confidence: ConfidenceSettings = ConfidenceSettings()
    batches: BatchesSettings = BatchesSettings()
    outbox: OutboxSettings = OutboxSettings()
    monitor: MonitorSettings = MonitorSettings()
    switch: SwitchSettings = SwitchSettings()
    logging: LoggingSettings = LoggingSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put variables above the file, which `load` hands over as arguments."""
        return env_settings, init_settings

    @property
    def serving(self) -> ServingSettings:
        """Return what the client reads."""
        return ServingSettings(
            triton=self.triton,
            routes=self.routes,
            most_models=self.inference.max_concurrent_models,
        )

    @model_validator(mode="after")
    def _targets_exist(self) -> Self:
        for name, target in targets_of(self.routes):
            if target not in self.triton.targets:
                raise _problem(
                    f"routes.{name}.target",
                    target,
                    f"one of triton.targets: {', '.join(sorted(self.triton.targets))}",
                )
        return self

    @model_validator(mode="after")
    def _only_local_is_open(self) -> Self:
        open_to_all = self.auth.mode == "none" and self.server.host not in _LOOPBACK
        if open_to_all and self.environment != LOCAL:
            raise _problem(
                "server.host",
                self.server.host,
                "127.0.0.1 while auth.mode is none and environment is not local; set auth.mode"
                " to api_keys or jwt",
            )
        return self

    @model_validator(mode="after")
    def _auth_is_whole(self) -> Self:
        auth = self.auth
        if auth.mode == "api_keys" and not auth.keys_file:
            raise _problem("auth.keys_file", "nothing", "a file of hashed keys for mode api_keys")
        if auth.mode == "jwt" and (
            not auth.audience or bool(auth.jwks_url) == bool(auth.jwks_file)
        ):
            raise _problem("auth", "mode jwt", "an audience, and one of jwks_url and jwks_file")
        if auth.jwks_url and not is_private(auth.jwks_url) and self.environment != LOCAL:
            raise _problem(
                "auth.jwks_url", auth.jwks_url, "https://..., so that nobody can change the keys"
            )
        if bool(self.server.certificate_file) != bool(self.server.key_file):
            raise _problem("server", "one TLS file", "certificate_file and key_file, or neither")
        return self


def _problem(path: str, value: str, expected: str) -> PydanticCustomError:
    context = {"path": path, "value": value, "expected": expected}
    return PydanticCustomError("across", "{path}: found {value}, expected {expected}", context)
