"""Decisions, pure: what should be done about one object, why, and when to look again."""
