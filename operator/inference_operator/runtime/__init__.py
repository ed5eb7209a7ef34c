"""The process: settings become running tasks, and the only code that knows Kopf."""
