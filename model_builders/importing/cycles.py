"""Ensembles that are steps of themselves, straight or over others."""

from collections.abc import Mapping, Set


def find_cycle(name: str, steps: Mapping[str, Set[str]]) -> list[str]:
    """The shortest way from an ensemble back to itself, both ends included; empty: there is none.

    `steps` gives the models of each ensemble's steps by its name.
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
