"""From a spec and what was observed to a serving unit, or to the problems that prevent it; pure."""
