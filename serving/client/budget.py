"""Budget of retries: each call earns a part of one, so that an outage is not made worse."""


class RetryBudget:
    """Retries that calls have earned, up to a number that may come at once.

    >>> budget = RetryBudget(share=0.5, burst=1)
    >>> budget.spend(), budget.spend()
    (True, False)
    >>> budget.earn(); budget.earn()
    >>> budget.spend()
    True
    """

    def __init__(self, share: float, burst: int) -> None:
        self._share, self._most = share, float(burst)
        self._left = float(burst)

    def earn(self) -> None:
        """Count one call."""
        self._left = min(self._left + self._share, self._most)

    def spend(self) -> bool:
        """Take one retry if there is one; return whether there was."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
