"""Assessment of a spec with an observation: a serving unit, or the problems of the spec; pure."""
