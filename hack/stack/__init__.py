"""The local stack: gateway, Redis, Triton with the trained models, and Prometheus as processes."""
