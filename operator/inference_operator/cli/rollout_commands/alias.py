"""`refresh-alias`: the operator asks the registry now which version an alias names."""

from datetime import datetime

from inference_operator.api.conditions import format_time
from inference_operator.api.quoting import listed
from inference_operator.api.shown_uri import shown_uri
from inference_operator.cli.rollout_commands.change import Change, RefusalError, nothing, setting
from inference_operator.cli.rollout_commands.situation import Situation
from inference_operator.domain.commands import Verb
from inference_operator.domain.resolution import RegistryUri


def refresh(situation: Situation, now: datetime) -> Change:
    """Return the change that asks the registry again."""
    aliases = [uri for uri in situation.sources if _is_alias(uri)]
    if not aliases:
        sources = listed(map(shown_uri, situation.sources), "only references to other resources")
        raise RefusalError(
            f"the spec names no alias of a registry ({sources}): there is nothing to ask for;"
            " an alias is written models:/NAME@ALIAS, and that of a referenced resource is"
            " refreshed there"
        )
    value = format_time(now)
    if situation.commands.values.get(Verb.REFRESH_ALIAS) == value:
        return nothing(Verb.REFRESH_ALIAS, value, "the registry is asked already")
    return setting(
        Verb.REFRESH_ALIAS,
        value,
        f"the operator asks the registry for {listed(aliases, show=str)} now; if a name leads to"
        " another version, it is rolled out",
    )


def _is_alias(uri: str) -> bool:
    parts = RegistryUri.of(uri)
    return parts is not None and bool(parts.alias)
