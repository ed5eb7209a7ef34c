"""The error of a model that cannot become a manifest."""


class ImportFailedError(ValueError):
    """A message for the person who runs the import; the other models are still imported."""
