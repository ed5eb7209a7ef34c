"""Coverage of the shipped models' intervals when the newest bars are missing."""
