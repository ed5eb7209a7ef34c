"""The in-memory view of the cluster: what the watches reported, and what a pass reads; pure."""
