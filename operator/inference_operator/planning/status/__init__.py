"""Texts for users: conditions, Events, the status and the explained plan."""
