"""Durations of a simulation."""

from dataclasses import dataclass

SCRAPE_INTERVAL = 5
"""Seconds between two scrapes, as manifests/monitoring has them."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Durations of a simulation, in seconds."""

    load_time: int = 30
    """From the creation of a pod until it is ready."""

    scrape_interval: int = SCRAPE_INTERVAL
    sweep_interval: int = 10
    delay: int = 1
    """How old the time is for which the operator asks."""

    duration: int = 3600
    """The longest time after the new revision is applied."""
