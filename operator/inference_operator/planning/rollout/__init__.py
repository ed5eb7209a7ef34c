"""How a new revision takes over: the state machine, and its state in the status."""
