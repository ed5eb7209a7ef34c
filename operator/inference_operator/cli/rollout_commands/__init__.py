"""The kubectl plugin `kubectl inference`: commands of people to a rollout, and its picture."""
