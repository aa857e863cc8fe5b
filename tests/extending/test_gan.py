"""The adversarial network of docs/examples, used by path as a user would."""

from pathlib import Path

import numpy as np
import pytest
import torch

from autodisco.generator import Generator, TrainingRow, fit, generator_settings
from autodisco.generator.batches import encode_rows
from autodisco.generator.tokens import CLASS_REPEATS, END_INDEX, encode, split
from autodisco.polymer import parse

KIND = f"{Path(__file__).parents[2] / 'docs' / 'examples' / 'gan.py'}:Gan"
ROWS = [TrainingRow(s, "high") for s in ("*OCC*", "*OCOCC*", "*OCCOC*")]
ROWS += [TrainingRow(s, "low") for s in ("*CC*", "*CC(*)C", "*CCCCC*")]


def trained(**given):
    plain = {"kind": KIND, "batch_size": 32, "learning_rate": 3e-3, "block_size": 16, "device": "cpu"}
    return fit(ROWS, generator_settings(**{**plain, **given}), seed=1)


@pytest.fixture(scope="module")
def fitted():
    return trained(iterations=170, pretraining=150)


def test_it_draws_repeat_units_of_the_class_and_is_saved(fitted, tmp_path):
    drawn = {label: fitted.sample(100, label, max_tokens=8, seed=1) for label in ("high", "low")}
    assert all(parse(text) and len(split(text)) <= 8 for strings in drawn.values() for text in strings)
    shares = [np.mean(["O" in text for text in drawn[label]]) for label in ("high", "low")]
    assert shares[0] > shares[1] + 0.3
    fitted.save(tmp_path / "m")
    assert Generator.load(tmp_path / "m").sample(100, "low", max_tokens=8, seed=1) == drawn["low"]


def test_the_writer_is_driven_to_what_the_critic_takes_for_real(monkeypatch):
    model = trained(iterations=1, pretraining=0, likelihood=0.0).model
    oxygen = encode("O")[0]

    def verdicts(sequences):
        return torch.tensor([40.0 * np.mean(s[CLASS_REPEATS:] == oxygen) - 2 for s in sequences])

    sequences = [way[0] for way in encode_rows(ROWS * 5, 16)]
    draws, optimizer = torch.Generator().manual_seed(0), torch.optim.Adam(model.parameters(), lr=0.01)
    before = verdicts(model._written(sequences, draws)).mean()
    with monkeypatch.context() as patched:
        patched.setattr(model, "_verdicts", verdicts)
        for _ in range(40):
            optimizer.zero_grad()
            model.train().loss(sequences, None, draws).backward()
            optimizer.step()
    assert verdicts(model._written(sequences, draws)).mean() > before + 3


def test_the_critic_learns_to_tell_real_strings(fitted):
    sequences = [way[0] for way in encode_rows(ROWS, 16)]
    false = [np.concatenate([s[:CLASS_REPEATS], encode("(CN1F)(("), [END_INDEX]]) for s in sequences]
    with torch.no_grad():
        assert fitted.model._verdicts(sequences).mean() > fitted.model._verdicts(false).mean()


def test_strings_for_the_critic_have_prompt_and_one_end(fitted):
    sequences = [way[0] for way in encode_rows(ROWS, 16)]
    written = fitted.model._written(sequences, torch.Generator().manual_seed(0))
    for sequence, real in zip(written, sequences, strict=True):
        assert (sequence[:CLASS_REPEATS] == real[:CLASS_REPEATS]).all()
        assert (sequence[CLASS_REPEATS:] == END_INDEX).sum() == 1
        assert sequence[-1] == END_INDEX


def test_an_interrupted_training_continues_in_its_phase(tmp_path):
    class Stopped(Exception):
        pass

    def stop(iteration, iterations, loss):
        if iteration == 6:
            raise Stopped

    few = generator_settings(kind=KIND, iterations=9, pretraining=4, batch_size=8, block_size=16, device="cpu")
    whole = fit(ROWS, few, seed=3)
    with pytest.raises(Stopped):
        fit(ROWS, few, seed=3, checkpoint=tmp_path / "c", progress=stop)
    assert fit(ROWS, few, seed=3, checkpoint=tmp_path / "c").losses == whole.losses
