"""An asynchronous client of models that Triton serves; see docs/gateway.md."""
