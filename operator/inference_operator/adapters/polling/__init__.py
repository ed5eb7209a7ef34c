"""Schedules for servers that offer no watch."""
