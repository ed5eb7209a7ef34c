"""Decisions about one unit: the writes, their reasons, and the next wake-up; pure."""
