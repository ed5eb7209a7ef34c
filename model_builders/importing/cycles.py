"""Search for ensembles that are steps of themselves, directly or through others."""

from collections.abc import Mapping, Set


def find_cycle(name: str, steps: Mapping[str, Set[str]]) -> list[str]:
    """Return the shortest path from an ensemble back to itself, with both ends; empty if none.

    `steps` maps the name of each ensemble to the models of its steps.
    """
    ways = [[name]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for model in sorted(steps.get(way[-1], ())):
            if model == name:
                return [*way, name]
            if model not in seen:
                seen.add(model)
                ways.append([*way, model])
    return []
