"""When to ask a server that has no watch."""
