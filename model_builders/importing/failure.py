"""Why a model cannot become a manifest."""


class ImportFailedError(ValueError):
    """A sentence for the person who runs the import; the other models are still imported."""
