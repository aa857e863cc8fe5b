"""Every kind of generator behind the same three verbs."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from autodisco.errors import InputError
from autodisco.generator import Generator, TrainingRow, fit, generator_settings
from autodisco.generator.batches import encode_rows, pack, pad
from autodisco.generator.diffusion import Diffusion
from autodisco.generator.lstm import LSTM
from autodisco.generator.model import GPT, cross_entropy
from autodisco.generator.sample import Memory, choose
from autodisco.generator.syntax import Prefix, Syntax
from autodisco.generator.tokens import END_INDEX, PROMPT_INDICES, VOCABULARY, class_prefix, encode, split
from autodisco.polymer import ORGANIC_ELEMENTS, parse, units_from_grammar

HIGH = ["*OCC*", "*OCOCC*", "*OCCOC*"]
LOW = ["*CC*", "*CC(*)C", "*CCCCC*"]
ROWS = [TrainingRow(s, "high") for s in HIGH] + [TrainingRow(s, "low") for s in LOW]
KINDS = ("gpt", "lstm", "diffusion", "genetic", "random")


@pytest.fixture(scope="module", params=KINDS)
def generator(request):
    steps = {"gpt": 120, "lstm": 200, "diffusion": 150}.get(request.param, 1)
    settings = generator_settings(
        kind=request.param, iterations=steps, batch_size=32, learning_rate=3e-3, block_size=16, device="cpu"
    )
    return fit(ROWS, settings, seed=1)


def test_it_draws_as_many_repeat_units_as_asked_within_the_limit(generator):
    strings = generator.sample(60, "high", max_tokens=8, seed=1)
    assert len(strings) == 60
    assert max(len(split(text)) for text in strings) <= 8
    assert all(parse(text) for text in strings)


def test_a_seed_decides_what_is_drawn(generator):
    first = generator.sample(60, "low", max_tokens=11, temperature=2.0, seed=3)
    assert first == generator.sample(60, "low", max_tokens=11, temperature=2.0, seed=3)
    assert first != generator.sample(60, "low", max_tokens=11, temperature=2.0, seed=4)


def test_it_is_the_same_after_it_was_saved_and_loaded(generator, tmp_path):
    file = tmp_path / "model.safetensors"
    generator.save(file)
    loaded = Generator.load(file)
    assert type(loaded) is type(generator)
    assert loaded.settings == generator.settings
    assert loaded.losses == generator.losses
    assert loaded.sample(30, "high", seed=9) == generator.sample(30, "high", seed=9)


def test_a_class_prompt_gives_that_class_unless_it_is_the_null_model(generator):
    drawn = [generator.sample(200, label, max_tokens=7, seed=1) for label in ("high", "low")]
    with_oxygen = [np.mean(["O" in text for text in strings]) for strings in drawn]
    if generator.settings.kind == "random":
        assert drawn[0] == drawn[1]
    else:
        assert with_oxygen[0] > with_oxygen[1] + 0.3


def test_new_polymers_are_new_and_the_draws_for_them_counted(generator):
    known = {parse(text).key for text in HIGH + LOW}
    found = generator.sample_new(5, "high", known=known, max_draws=3000, max_tokens=10, temperature=3.0, seed=2)
    keys = [parse(text, ORGANIC_ELEMENTS).key for text in found.strings]
    assert len(keys) == len(set(keys)) == 5
    assert not known & set(keys)
    assert 5 <= found.draws <= 3000
    # One draw fewer would not have been enough.
    fewer = generator.sample_new(
        5, "high", known=known, max_draws=found.draws - 1, max_tokens=10, temperature=3.0, seed=2
    )
    assert len(fewer.strings) < 5
    assert fewer.draws == found.draws - 1


def test_an_unknown_class_is_refused(generator):
    with pytest.raises(InputError, match="best"):
        generator.sample(1, "best")


def test_the_search_for_new_polymers_ends_where_there_are_none():
    generator = fit(ROWS, generator_settings(kind="random", device="cpu"), seed=1)
    units = {parse(text).key for text in generator.sample(2000, max_tokens=4, seed=1)}
    found = generator.sample_new(1, known=units, max_draws=700, max_tokens=4)
    assert found.draws == 700
    assert found.strings == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_that_was_not_learnt_is_not_drawn(kind, tmp_path):
    settings = generator_settings(kind=kind, iterations=1, batch_size=2, block_size=16, device="cpu")
    fit(ROWS[:3], settings, seed=1).save(tmp_path / "m")
    generator = Generator.load(tmp_path / "m")
    with pytest.raises(InputError, match="'low' did not occur in the training set; there were high"):
        generator.sample(1, "low")
    with pytest.raises(InputError, match="'q0' did not occur"):
        generator.sample(1, guidance=1.0, away_from="q0")
    assert (generator.best, generator.worst_at(generator.best)) == ("high", "high")


def test_the_best_and_the_worst_class_are_found_for_each_property():
    def ends(*labels):
        rows = [TrainingRow("*OCC*", label) for label in labels]
        generator = fit(rows, generator_settings(kind="random"), seed=1)
        return generator.best, generator.worst_at(generator.best)

    assert ends("low", "unlabelled", "high") == ("high", "low")
    assert ends("unlabelled", "high") == ("high", "unlabelled")
    assert ends("unlabelled", "low") == ("unlabelled", "low")
    assert ends("q0 q3", "q4 q0", "unlabelled q1") == ("q4 q3", "q0 q0")


def test_a_genetic_child_that_is_too_long_is_none():
    generator = fit([TrainingRow("*CCCCCCCCOCCCCC(=O)*", "high")], generator_settings(kind="genetic"), seed=1)
    drawn = generator.sample(60, max_tokens=3, seed=1)
    assert "" in drawn
    assert max(len(split(text)) for text in drawn) <= 3


@pytest.mark.parametrize("guidance", [0.0, 0.7])
def test_sharing_lines_and_taking_out_what_has_ended_changes_nothing(guidance, monkeypatch):
    settings = generator_settings(iterations=60, batch_size=16, learning_rate=2e-3, device="cpu")
    generator = fit(ROWS, settings, seed=1)
    drawn = []
    for crowded, shared in ((0.0, 0), (0.7, 64), (1.1, 3), (0.5, 1000)):  # never, as it is, at every end, always shared
        monkeypatch.setattr("autodisco.generator.sample._CROWDED", crowded)
        monkeypatch.setattr("autodisco.generator.sample._SHARED", shared)
        drawn.append(generator.sample(200, temperature=2.0, seed=1, guidance=guidance))
    assert all(strings == drawn[0] for strings in drawn)
    assert len(set(map(len, drawn[0]))) > 3


def test_every_token_is_drawn_by_the_logits_of_the_whole_string_under_both_prompts(monkeypatch):
    settings = generator_settings(iterations=60, batch_size=16, learning_rate=2e-3, device="cpu")
    generator = fit(ROWS, settings, seed=1)
    seen = []

    def watched(logits, top_k, draws, states, left):
        given = logits.clone()
        states, drawn = choose(logits, top_k, draws, states, left)
        seen.append((given, drawn))
        return states, drawn

    monkeypatch.setattr("autodisco.generator.sample.choose", watched)
    generator.sample(40, temperature=2.0, guidance=0.7, seed=1)
    strings = [[] for _ in range(40)]
    for given, drawn in seen:
        with torch.no_grad():
            high, low = (
                generator.model(torch.tensor([class_prefix(label) + s for s in strings]))[:, -1].log_softmax(-1)
                for label in ("high", "low")
            )
        torch.testing.assert_close(given, (1.7 * high - 0.7 * low) / 2, rtol=1e-4, atol=1e-4)
        strings = [[*s, token] for s, token in zip(strings, drawn, strict=True) if token != END_INDEX]
    assert len(seen) > 6
    assert len(strings) < 40


def test_only_a_network_of_the_same_kind_can_be_started_from():
    settings = generator_settings(kind="lstm", iterations=1, device="cpu")
    first = fit(ROWS, settings, seed=1)
    with pytest.raises(InputError, match="lstm"):
        fit(ROWS, generator_settings(iterations=1, device="cpu"), seed=1, start_from=first)


def test_token_by_token_an_lstm_is_what_it_is_at_once():
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        model = LSTM(generator_settings()).eval()
        tokens = torch.randint(len(VOCABULARY), (3, 9))
        whole, _ = model.layers(model.token_embedding(tokens))
        memory, parts = Memory(), []
        for column in tokens.unbind(1):
            logits, memory = model.step(column, memory)
            parts.append(logits)
    torch.testing.assert_close(torch.stack(parts, 1), model.head(whole), rtol=1e-5, atol=1e-5)


def test_an_lstm_has_about_as_many_parameters_as_the_transformer_of_its_name():
    sizes = [sum(p.numel() for p in kind(generator_settings()).parameters()) for kind in (GPT, LSTM)]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.35)


def test_packed_and_padded_rows_have_the_same_loss():
    units = units_from_grammar(20, np.random.default_rng(0))
    sequences = [way for (way,) in encode_rows([TrainingRow(unit, "high") for unit in units], 64)]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        model = GPT(generator_settings()).eval()
        losses = [
            cross_entropy(model(b.tokens, b.positions, b.visible), b).item() for b in (pack(sequences), pad(sequences))
        ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.parametrize("kind", [GPT, LSTM, Diffusion])
def test_a_loss_is_the_mean_over_the_rows_of_weight_times_loss(kind):
    # Not divided by the weights: a batch without a heavy row would else count as much as one with it.
    # Rows of one length, so that a row counts as much as another.
    sequences = [way for (way,) in encode_rows([TrainingRow("*OCC*", "high"), TrainingRow("*NCC*", "low")], 16)]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        model = kind(generator_settings(block_size=16)).eval()
        first, second, even, uneven = (
            model.loss(sequences, weights, torch.Generator().manual_seed(1)).item()
            for weights in ([1.0, 0.0], [0.0, 1.0], None, [1.0, 3.0])
        )
    assert first != second
    assert even == pytest.approx(first + second, rel=1e-5)
    assert uneven == pytest.approx(first + 3 * second, rel=1e-5)


def test_a_network_that_knows_nothing_loses_the_logarithm_of_the_vocabulary():
    # For diffusion this is where the weights of the loss show: the hidden places have to count as all places.
    sequences = [way for (way,) in encode_rows([TrainingRow("*OCC*", "high")] * 64, 64)]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        model = Diffusion(generator_settings()).eval()
        draws = torch.Generator().manual_seed(0)
        losses = [model.loss(sequences, None, draws).item() for _ in range(30)]
    assert np.mean(losses) == pytest.approx(np.log(len(VOCABULARY)), rel=0.05)


def test_diffusion_without_the_grammar_fills_every_place_and_none_with_a_prompt():
    generator = fit(ROWS, generator_settings(kind="diffusion", iterations=2, block_size=16, device="cpu"), seed=1)
    strings = generator.sample(50, "high", max_tokens=8, grammar=False, top_k=0, seed=1)
    assert not any("<" in text for text in strings)
    assert any(len(split(text)) > 4 for text in strings)


def frequencies(logits, top_k, states, n=20_000, left=20):
    generator = torch.Generator().manual_seed(0)
    _, drawn = choose(torch.tensor(logits).repeat(n, 1), top_k, generator, [states] * n if states else [], left)
    return np.bincount(drawn, minlength=len(VOCABULARY))


def test_tokens_are_drawn_with_their_probability_among_the_likeliest():
    logits = np.random.default_rng(0).normal(scale=1.5, size=len(VOCABULARY)).astype(np.float32)
    for top_k in (0, 5, 40):
        chance = np.exp(logits.astype(float))
        chance[list(PROMPT_INDICES)] = 0
        if top_k:
            chance[np.argsort(-chance)[top_k:]] = 0
        counts = frequencies(logits, top_k, None)
        assert (counts[chance == 0] == 0).all()
        assert chisquare(counts[chance > 0], 20_000 * chance[chance > 0] / chance.sum()).pvalue > 1e-3


def test_with_the_grammar_they_are_drawn_with_their_probability_among_the_allowed():
    logits = np.random.default_rng(1).normal(scale=1.5, size=len(VOCABULARY)).astype(np.float32)
    state, syntax = Prefix(), Syntax()
    for token in encode("*CC(O"):
        state = state.then(token, 20)
        syntax.push(token)
    chance = np.exp(logits.astype(float))
    chance[[not syntax.accepts(token, 20) for token in range(len(VOCABULARY))]] = 0
    counts = frequencies(logits, 0, state)
    assert (counts[chance == 0] == 0).all()
    assert chisquare(counts[chance > 0], 20_000 * chance[chance > 0] / chance.sum()).pvalue > 1e-3


def test_guidance_drives_draws_from_the_other_class():
    rows = ROWS + [TrainingRow("*OCC*", "low")] * 3  # in both classes, but more often in the low one
    settings = generator_settings(iterations=150, batch_size=32, learning_rate=2e-3, device="cpu")
    generator = fit(rows, settings, seed=1)
    shared = [generator.sample(400, "high", seed=1, guidance=guidance).count("*OCC*") for guidance in (0, 0.5, 1.5)]
    assert shared[0] > shared[1] > shared[2]


def test_guidance_of_zero_changes_nothing(generator):
    plain = generator.sample(30, "high", seed=5)
    assert generator.sample(30, "high", seed=5, guidance=0.0, away_from="low") == plain


@pytest.mark.parametrize(("name", "value"), [("guidance", -1), ("temperature", 0), ("top_k", -1), ("max_tokens", 0)])
def test_a_way_to_draw_out_of_range_is_named(name, value):
    generator = fit(ROWS, generator_settings(kind="random"), seed=1)
    with pytest.raises(InputError, match=f"{name} = {value}: allowed is greater than"):
        generator.sample(1, **{name: value})
