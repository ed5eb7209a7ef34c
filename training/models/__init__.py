"""The shipped networks, with the same answers in eager PyTorch, TorchScript and ONNX."""
