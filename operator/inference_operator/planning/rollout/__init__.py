"""The rollout of a new revision: the state machine, and its state in the status."""
