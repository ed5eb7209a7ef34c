"""The order in which the Services and routes of a unit with a gateway are written."""
