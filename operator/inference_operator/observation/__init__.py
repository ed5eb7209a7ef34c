"""The in-memory view of the cluster, which watches fill and passes read; pure."""
