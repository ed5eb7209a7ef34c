"""What users read: conditions, Events, the status and the explained plan."""
