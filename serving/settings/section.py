"""The base of all sections: frozen, and without keys that nobody reads."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of the settings file. Unknown keys are refused; lengths of time are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())
