"""The shipped networks; each answers alike in eager PyTorch, TorchScript and ONNX."""
