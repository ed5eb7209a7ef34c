"""Statistics that judge a canary by counts of requests: pure, in plain Python, without a clock."""
