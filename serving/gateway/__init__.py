"""The prediction gateway: HTTP and JSON in front of the models that Triton serves."""
