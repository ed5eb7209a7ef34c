"""The children that a unit needs, and the writes that bring the live ones there."""
