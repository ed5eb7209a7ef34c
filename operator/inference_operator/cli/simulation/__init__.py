"""`inference-operator simulate`: a rollout in a simulated cluster, on simulated time."""
