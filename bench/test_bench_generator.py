"""Drawing and training beside a plain implementation in the manner of minGPT: same network, same settings, CPU.

Plain drawing looks at the whole block of 64 places again for every token and keeps nothing; plain training pads every
row to the block, attends with a mask over all of it and uses torch's own dropout.
"""

import time

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from autodisco.generator import TrainingRow, fit, generator_settings  # noqa: E402
from autodisco.generator import model as network  # noqa: E402
from autodisco.generator.batches import encode_rows  # noqa: E402
from autodisco.generator.model import GPT, parameter_groups  # noqa: E402
from autodisco.generator.tokens import CLASS_REPEATS, END_INDEX, PROMPT_INDICES, class_prefix, decode  # noqa: E402
from autodisco.polymer import units_from_grammar  # noqa: E402

SETTINGS = generator_settings(iterations=30, augment="none", device="cpu")
TRAINED = generator_settings(
    iterations=400, augment="none", device="cpu"
)  # one that knows nothing breaks the grammar all the time
N_DRAWS, MAX_TOKENS = 512, 10


@pytest.fixture(scope="module")
def rows():
    units = units_from_grammar(2000, np.random.default_rng(0), max_characters=50)
    return [TrainingRow(unit, "high" if k % 20 == 0 else "low") for k, unit in enumerate(units)]


@pytest.fixture(scope="module")
def generator(rows):
    return fit(rows, TRAINED, seed=1)


def draw_with_grammar(generator):
    return generator.sample(N_DRAWS, "high", max_tokens=MAX_TOKENS, seed=1)


def draw_ours(generator):
    return generator.sample(N_DRAWS, "high", max_tokens=MAX_TOKENS, seed=1, grammar=False)


@torch.no_grad()
def draw_plainly(generator):
    torch.set_num_threads(1)
    model = generator.model
    tokens = torch.zeros(N_DRAWS, SETTINGS.block_size, dtype=torch.long)
    tokens[:, :CLASS_REPEATS] = torch.tensor(class_prefix("high"))
    for place in range(CLASS_REPEATS, CLASS_REPEATS + MAX_TOKENS):
        logits = model(tokens)[:, place - 1]
        logits[:, PROMPT_INDICES] = -torch.inf
        kth = torch.topk(logits, 40).values[:, -1:]
        tokens[:, place] = torch.multinomial(logits.masked_fill(logits < kth, -torch.inf).softmax(-1), 1)[:, 0]
    return [decode(row[CLASS_REPEATS:]) for row in tokens.tolist()]


def train_ours(rows):
    return fit(rows, SETTINGS, seed=1).losses


def train_plainly(rows):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    plain_dropout = network.dropout
    network.dropout = F.dropout
    try:
        model = GPT(SETTINGS)
        optimizer = torch.optim.AdamW(parameter_groups(model, 0.1), lr=5e-4, betas=(0.9, 0.95))
        sequences = [sequence for (sequence,) in encode_rows(rows, 64)]
        rng, losses = np.random.default_rng(1), []
        for _ in range(SETTINGS.iterations):
            tokens = np.full((64, 64), END_INDEX)
            targets = np.full((64, 64), -100)
            for line, row in enumerate(rng.integers(len(rows), size=64)):
                sequence = sequences[row]
                tokens[line, : len(sequence) - 1] = sequence[:-1]
                targets[line, CLASS_REPEATS - 1 : len(sequence) - 1] = sequence[CLASS_REPEATS:]
            logits = model(torch.from_numpy(tokens))
            loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        return losses
    finally:
        network.dropout = plain_dropout


@pytest.mark.bench
@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("tool", [draw_with_grammar, draw_ours, draw_plainly], ids=lambda f: f.__name__)
def test_drawing(benchmark, generator, tool):
    benchmark.group = f"{N_DRAWS} strings of at most {MAX_TOKENS} tokens"
    strings = benchmark.pedantic(tool, args=(generator,), rounds=5, warmup_rounds=1)
    assert len(strings) == N_DRAWS


@pytest.mark.bench
@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("tool", [train_ours, train_plainly], ids=lambda f: f.__name__)
def test_training(benchmark, rows, tool):
    benchmark.group = f"{SETTINGS.iterations} training steps"
    losses = benchmark.pedantic(tool, args=(rows,), rounds=3, warmup_rounds=1)
    assert np.mean(losses[-5:]) < losses[0]
