"""Ensembles of ensembles: each model within is looked at once, however many ways lead to it."""

from model_builders.importing.ensembles import _within
from model_builders.protobuf import ModelConfig


def ensemble_of(name: str, *steps: str) -> ModelConfig:
    config = ModelConfig(name=name, platform="ensemble")
    for step in steps:
        config.ensemble_scheduling.step.add(model_name=step, model_version=-1)
    return config


def test_a_chain_of_doubles_is_walked_once() -> None:
    depth = 60
    configs = {"e0": ModelConfig(name="e0")}
    for number in range(1, depth):
        configs[f"e{number}"] = ensemble_of(f"e{number}", f"e{number - 1}", f"e{number - 1}")
    assert len(_within(configs[f"e{depth - 1}"], configs)) == depth - 1
