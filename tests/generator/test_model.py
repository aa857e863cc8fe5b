import pytest
import torch

from autodisco.generator import generator_settings
from autodisco.generator.model import GPT, dropout, parameter_groups
from autodisco.generator.tokens import VOCABULARY


@pytest.fixture
def model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return GPT(generator_settings()).eval()


def test_a_logit_depends_on_no_later_token(model):
    tokens = torch.randint(len(VOCABULARY), (2, 20), generator=torch.Generator().manual_seed(1))
    changed = tokens.clone()
    changed[:, 12:] = (changed[:, 12:] + 1) % len(VOCABULARY)
    before, after = model(tokens), model(changed)
    assert torch.allclose(before[:, :12], after[:, :12], atol=1e-6)
    assert not torch.allclose(before[:, 12], after[:, 12], atol=1e-4)


def test_attention_agrees_with_torch(model):
    attention = model.blocks[0].attention
    x = torch.randn(2, 9, 48, generator=torch.Generator().manual_seed(1))
    q, k, v = (part.view(2, 9, 3, 16).transpose(1, 2) for part in attention.qkv(x).split(48, 2))
    y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    expected = attention.projection(y.transpose(1, 2).reshape(2, 9, 48))
    visible = torch.ones(9, 9, dtype=torch.bool).tril()
    assert torch.allclose(attention(x, visible), expected, atol=1e-6)


def test_the_untrained_model_knows_nothing(model):
    probabilities = model(torch.zeros(1, 5, dtype=torch.long)).softmax(-1)
    assert probabilities.max() < 3 / len(VOCABULARY)


@pytest.mark.parametrize(("size", "millions"), [("gpt-nano", 0.09), ("gpt-mini", 2.7), ("gpt-2", 85)])
def test_sizes_have_the_published_number_of_parameters(size, millions):
    with torch.device("meta"):
        model = GPT(generator_settings(size=size))
    inner = sum(p.numel() for name, p in model.named_parameters() if name.startswith("blocks"))
    assert inner / 1e6 == pytest.approx(millions, rel=0.06)


def test_only_matrices_decay(model):
    decaying, rest = parameter_groups(model, 0.1)
    assert {p.ndim for p in decaying["params"]} == {2}
    assert rest["weight_decay"] == 0
    assert len(decaying["params"]) + len(rest["params"]) == len(list(model.parameters()))
    assert any(p is model.token_embedding.weight for p in rest["params"])


def test_dropout_keeps_the_mean_and_drops_the_asked_share():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        y = dropout(torch.ones(1000, 1003), 0.1)
    # the standard error of the share is 0.0003
    assert (y == 0).float().mean().item() == pytest.approx(0.1, abs=0.0015)
    assert y.mean().item() == pytest.approx(1, abs=0.0015)
    assert (y.view(-1)[: 4 * 250_000].view(-1, 4) == 0).float().mean(0).numpy() == pytest.approx(0.1, abs=0.003)
