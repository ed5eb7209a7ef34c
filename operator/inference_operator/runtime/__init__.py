"""The process: the running tasks, and the only code that knows Kopf."""
