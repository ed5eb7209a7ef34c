"""Times, writes and memory of a real Argo CD beside the operator."""
