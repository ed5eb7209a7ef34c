"""Kopf, and nothing else: events wake a work queue, whose workers make passes."""
