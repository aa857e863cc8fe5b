"""The autoencoder of docs/examples and the searches in its latent space, used by path as a user would."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from autodisco.errors import InputError
from autodisco.generator import Generator, Sampling, TrainingRow, fit, generator_settings
from autodisco.generator.batches import encode_rows
from autodisco.generator.tokens import class_prefix, split
from autodisco.polymer import parse

KIND = f"{Path(__file__).parents[2] / 'docs' / 'examples' / 'latent.py'}:Latent"
ROWS = [TrainingRow(s, "high") for s in ("*OCC*", "*OCOCC*", "*OCCOC*")]
ROWS += [TrainingRow(s, "low") for s in ("*CC*", "*CC(*)C", "*CCCCC*")]


def settings(**given):
    plain = {
        "kind": KIND,
        "batch_size": 32,
        "learning_rate": 1e-2,
        "block_size": 16,
        "latent": 4,
        "annealing": 60,
        "augment": "none",
    }
    return generator_settings(**{**plain, "iterations": 120, "device": "cpu", **given})


@pytest.fixture(scope="module")
def fitted():
    return fit(ROWS, settings(), seed=1)


def searching(fitted, search):
    """The same weights with a search."""
    facts, tensors = fitted.content()
    found = type(fitted).restore(settings(search=search), facts | {"losses": fitted.losses}, tensors)
    found.labels = fitted.labels
    return found


@pytest.mark.parametrize("search", ["none", "swarm", "evolution"])
def test_it_draws_repeat_units_of_the_class_within_the_limit(fitted, search, tmp_path):
    generator = searching(fitted, search)
    drawn = {label: generator.sample(80, label, max_tokens=8, seed=1) for label in ("high", "low")}
    assert all(parse(text) and len(split(text)) <= 8 for strings in drawn.values() for text in strings)
    shares = [np.mean(["O" in text for text in drawn[label]]) for label in ("high", "low")]
    assert shares[0] > shares[1] + 0.3
    assert drawn["low"] == generator.sample(80, "low", max_tokens=8, seed=1)
    generator.save(tmp_path / "m")
    loaded = Generator.load(tmp_path / "m")
    assert loaded.settings.search == search
    assert loaded.sample(80, "low", max_tokens=8, seed=1) == drawn["low"]


@pytest.mark.parametrize("search", ["swarm", "evolution"])
def test_a_search_moves_codes_to_where_the_class_is_likelier(fitted, search):
    def mean_score(model, label):
        codes = model.codes(200, Sampling(label=label), torch.Generator().manual_seed(1))
        with torch.no_grad():
            return codes, model.class_scores(codes, torch.tensor(class_prefix(label)).expand(200, -1)).mean().item()

    for label in ("high", "low"):
        _, before = mean_score(fitted.model, label)
        codes, after = mean_score(searching(fitted, search).model, label)
        assert after > before + 0.2
        assert len(torch.unique(codes, dim=0)) > 50  # not one code for all


def test_a_swarm_finds_the_optimum_of_the_sphere_function(fitted):
    """The sphere is the first of the usual test functions; its optimum at (0.5, …) is known."""
    module = sys.modules[type(fitted).__module__]
    draws = torch.Generator().manual_seed(0)
    start = torch.randn(40, 6, generator=draws)
    for found in (
        module.swarm(start, lambda codes: -(codes - 0.5).square().sum(1), 200, draws),
        module.evolution(start, lambda codes: -(codes - 0.5).square().sum(1), 400, 0.05, draws),
    ):
        assert (found - 0.5).abs().max() < 0.25
    assert torch.equal(module.swarm(start, lambda codes: codes.sum(1), 0, draws), start)


def test_a_code_holds_its_repeat_unit(fitted):
    """Without it all strings of a class would be written alike at a low temperature."""
    codes = fitted.model.encode([way[0] for way in encode_rows(ROWS, 16)])[0]
    how = Sampling(label="high", max_tokens=8, temperature=0.1)
    written = fitted.model._write(codes[:3], how, torch.Generator().manual_seed(0))
    assert sum(text == row.smiles for text, row in zip(written, ROWS, strict=False)) >= 2


def test_an_interrupted_training_continues_with_the_annealing(tmp_path):
    class Stopped(Exception):
        pass

    def stop(iteration, iterations, loss):
        if iteration == 7:
            raise Stopped

    few = settings(iterations=12, annealing=10)
    whole = fit(ROWS, few, seed=3)
    with pytest.raises(Stopped):
        fit(ROWS, few, seed=3, checkpoint=tmp_path / "c", progress=stop)
    continued = fit(ROWS, few, seed=3, checkpoint=tmp_path / "c")
    assert continued.losses == whole.losses
    assert continued.model.steps == 12


def test_guidance_leads_away_from_the_other_class(fitted):
    shares = [
        np.mean(["O" in text for text in fitted.sample(300, "high", max_tokens=8, seed=1, temperature=3.0, guidance=g)])
        for g in (0.0, 1.5)
    ]
    assert shares[1] > shares[0]


def test_an_unknown_search_is_one_line():
    with pytest.raises(InputError, match="search = \"ants\": allowed is 'none', 'swarm' or 'evolution'"):
        settings(search="ants")
