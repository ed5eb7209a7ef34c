"""Benchmark of the trading ensemble on a real Triton: one request against its steps one by one."""
