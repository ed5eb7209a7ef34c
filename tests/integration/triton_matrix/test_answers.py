"""A real Triton answers as the network, in every format, batch and protocol."""

import pytest
import torch
from torch import nn

from hack.images.local_triton import LocalTriton
from model_builders.checks import check
from tests.integration.triton_matrix.served_networks import SUFFIX, Served, ask
from training.exporting import distance
from training.models.catalog import MODELS
from training.models.probes import probes

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

every_format = pytest.mark.parametrize("form", SUFFIX)
every_model = pytest.mark.parametrize("name", MODELS)


@every_model
@every_format
@pytest.mark.parametrize("batch", [1, 8, 32])
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_triton_answers_as_the_network_does(
    triton: LocalTriton,
    networks: dict[str, nn.Module],
    name: str,
    form: str,
    batch: int,
    protocol: str,
) -> None:
    model = networks[name]
    given = probes(model, batch, seed=100 + batch)
    names = [tensor.name for tensor in MODELS[name].signature.inputs]
    answered = ask(triton, protocol, Served(name, form), dict(zip(names, given, strict=True)))
    with torch.inference_mode():
        expected = model(*given)
    for output, expected_output in zip(answered, expected, strict=True):
        assert distance(output, expected_output) <= 1e-4


@every_model
@every_format
def test_the_rendered_spec_has_no_problem(name: str, form: str) -> None:
    assert check(Served(name, form).spec) == []


@every_format
@pytest.mark.parametrize("tokens", [1, 511, 512])
def test_texts_of_any_length_are_rated(
    triton: LocalTriton, networks: dict[str, nn.Module], form: str, tokens: int
) -> None:
    ids = torch.randint(1000, 30000, (2, tokens), generator=torch.manual_seed(tokens))
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    answered = ask(triton, "grpc", Served("sentiment_transformer", form), given)
    with torch.inference_mode():
        expected = networks["sentiment_transformer"](*given.values())
    for output, expected_output in zip(answered, expected, strict=True):
        assert distance(output, expected_output) <= 1e-4


def test_one_format_may_take_the_others_place(
    triton: LocalTriton, networks: dict[str, nn.Module]
) -> None:
    (window,) = probes(networks["lstm_price_predictor"], 8, seed=3)
    answers = [
        ask(triton, "grpc", Served("lstm_price_predictor", form), {"ohlcv": window})
        for form in SUFFIX
    ]
    for output, other in zip(*answers, strict=True):
        assert distance(output, other) <= 1e-5


def test_the_combiner_takes_what_the_other_models_give(
    triton: LocalTriton, networks: dict[str, nn.Module]
) -> None:
    (window,) = probes(networks["gru_price_predictor"], 2, seed=5)
    ids = torch.randint(1000, 30000, (2, 9), generator=torch.manual_seed(5))
    price, interval = ask(triton, "grpc", Served("gru_price_predictor", "onnx"), {"ohlcv": window})
    text = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    score, confidence, _ = ask(triton, "grpc", Served("sentiment_transformer", "onnx"), text)
    views = {"price": price, "interval": interval, "score": score, "confidence": confidence}
    combined, sure = ask(triton, "grpc", Served("ensemble_combiner", "torchscript"), views)
    assert bool(((interval[:, :1] < combined) & (combined < interval[:, 1:])).all())
    assert bool(((sure >= 0.5) & (sure <= 1)).all())
