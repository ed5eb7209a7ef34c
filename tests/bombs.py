"""Texts of YAML and JSON that are small and stand for much, as an attacker writes them."""


def laughs(levels: int) -> str:
    """Return a list of nine texts, and lists of nine aliases of the one before: 9**levels texts."""
    lines = [f"a0: &a0 [{', '.join(['lol'] * 9)}]"]
    for level in range(1, levels):
        aliases = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} [{aliases}]")
    return "\n".join(lines) + "\n"


def merges(levels: int) -> str:
    """Return the same of maps, by merge keys: PyYAML copies the keys of each map that is merged."""
    lines = ["a0: &a0 {x: 1}"]
    for level in range(1, levels):
        aliases = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} {{<<: [{aliases}]}}")
    return "\n".join(lines) + "\n"


def nested_aliases(levels: int) -> str:
    """Lists that hold the one before: two levels as they are written, many as they are meant."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{level}: &a{level} [*a{level - 1}]" for level in range(1, levels)]
    return "\n".join(lines) + "\n"
