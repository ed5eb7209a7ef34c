"""The children of a unit, and the writes that create and repair them."""
