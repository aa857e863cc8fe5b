import pytest
import torch

from autodisco.errors import InputError
from autodisco.generator import Generator, TrainingRow, fit, generator_settings
from autodisco.generator.sample import Memory
from autodisco.polymer import parse

HIGH = ["*OCC*", "*OCOCC*", "*OCCOC*"]
LOW = ["*CC*", "*CC(*)C", "*CCCCC*"]


@pytest.fixture(scope="module")
def generator():
    rows = [TrainingRow(s, "high") for s in HIGH] + [TrainingRow(s, "low") for s in LOW]
    settings = generator_settings(iterations=250, batch_size=32, learning_rate=2e-3, augment="none", device="cpu")
    return fit(rows, settings, seed=1)


def test_a_class_prompt_gives_strings_of_that_class(generator):
    assert sum(s in HIGH for s in generator.sample(200, "high", seed=1)) > 150
    assert sum(s in LOW for s in generator.sample(200, "low", seed=1)) > 150


def test_the_same_seed_gives_the_same_strings_and_another_seed_others(generator):
    first = generator.sample(600, "high", temperature=2.0, seed=3)
    assert first == generator.sample(600, "high", temperature=2.0, seed=3)
    assert first != generator.sample(600, "high", temperature=2.0, seed=4)
    assert len(first) == 600


def test_sampling_leaves_the_global_random_state_alone(generator):
    state = torch.get_rng_state()
    generator.sample(5, "high", seed=3)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_string_without_an_end_is_cut_at_max_tokens(generator):
    strings = generator.sample(100, "high", max_tokens=4, seed=2, grammar=False)
    assert {len(s) for s in strings} == {4}
    assert "*OCC" in strings


def test_with_the_grammar_nothing_is_cut(generator):
    strings = generator.sample(100, "high", max_tokens=4, temperature=3.0, seed=2)
    assert all(parse(text) for text in strings)
    assert max(map(len, strings)) == 4


def test_drawing_token_by_token_is_drawing_with_the_whole_string_in_view(generator):
    # The kept keys and values have to give the logits of the string read anew.
    model, memory, parts = generator.model, Memory(), []
    tokens = torch.tensor([[2] * 5 + [15, 19, 17, 17, 15], [3] * 5 + [15, 17, 17, 19, 15]])
    for column in tokens.unbind(1):
        logits, memory = model.step(column, memory)
        parts.append(logits)
    torch.testing.assert_close(torch.stack(parts, 1), model(tokens), rtol=1e-5, atol=1e-5)


def test_top_k_of_one_leaves_no_choice(generator):
    assert len(set(generator.sample(20, "low", temperature=5.0, top_k=1, seed=2))) == 1


def test_a_low_temperature_sharpens_and_a_high_one_spreads(generator):
    cold, hot = (len(set(generator.sample(200, "high", temperature=t, seed=2))) for t in (0.2, 3.0))
    assert cold <= 4 < hot


def test_a_saved_generator_writes_the_same_strings_when_loaded(generator, tmp_path):
    path = tmp_path / "models" / "0.safetensors"
    generator.save(path)
    assert [f.name for f in path.parent.iterdir()] == ["0.safetensors"]
    loaded = Generator.load(path)
    assert loaded.sample(50, "high", seed=9) == generator.sample(50, "high", seed=9)
    assert loaded.settings == generator.settings
    assert loaded.losses == generator.losses


def test_a_file_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such model"):
        Generator.load(tmp_path / "absent.safetensors")
    (tmp_path / "notes.safetensors").write_text("hello")
    with pytest.raises(InputError, match=r"notes\.safetensors"):
        Generator.load(tmp_path / "notes.safetensors")


def test_a_top_k_of_zero_draws_among_all_tokens(generator):
    everything = generator.sample(20, "low", temperature=5.0, top_k=10_000, seed=2)
    assert generator.sample(20, "low", temperature=5.0, top_k=0, seed=2) == everything


@pytest.mark.parametrize(
    ("argument", "value"), [("label", "best"), ("max_tokens", 60), ("max_tokens", 0), ("temperature", 0), ("top_k", -1)]
)
def test_an_argument_out_of_range_is_named(generator, argument, value):
    with pytest.raises(InputError, match=f"{argument}.*{value}"):
        generator.sample(**{"n": 1, "label": "high", argument: value})
