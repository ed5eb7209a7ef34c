"""Why data cannot be had or used."""


class DataError(Exception):
    """A sentence for whoever trains: what was found, what was expected and what to do."""
