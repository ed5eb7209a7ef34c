"""Decisions, pure: what to do about one object, why, and when to look again."""
