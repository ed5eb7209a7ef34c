"""Programs that ask served models and answer people: a client and a prediction gateway.

They need neither Kubernetes nor the operator. Layers, top down: `gateway`, `client`, then
`records` and `settings`, which do not know each other.
"""
