import pickle

import pytest
import safetensors.torch
import torch

from autodisco.errors import InputError
from autodisco.generator import Generator, TrainingRow, fit, generator_settings
from autodisco.generator.archive import load_archive, save_archive


def test_numbers_and_text_come_back_as_they_were(tmp_path):
    file = tmp_path / "a" / "file"
    facts = {"losses": [0.1, 1 / 3, 1e-300], "name": "é", "nothing": None}
    tensors = {"x": torch.rand(3, 4).T, "n": torch.tensor(7), "bits": torch.arange(5, dtype=torch.uint8)}
    save_archive(file, "thing", facts, tensors)
    read, loaded = load_archive(file)
    assert read == {**facts, "kind": "thing"}
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a model file"),
        (b"hello", "not a model file"),
        (pickle.dumps({"a": 1}), "not a model file"),
        (safetensors.torch.save({"x": torch.zeros(1)}), "not a model file"),
        (safetensors.torch.save({"x": torch.zeros(1)}, {"program": "autodisco", "format": "1"}), "another version"),
    ],
)
def test_what_is_no_file_of_ours_is_refused_in_one_line(tmp_path, content, message):
    file = tmp_path / "some.safetensors"
    file.write_bytes(content)
    with pytest.raises(InputError, match=rf"some\.safetensors: .*{message}") as caught:
        load_archive(file)
    assert "\n" not in str(caught.value)


def test_a_cut_model_file_is_refused(tmp_path):
    file = tmp_path / "model.safetensors"
    fit([TrainingRow("*OCC*", "high")], generator_settings(iterations=1, device="cpu"), seed=1).save(file)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match="not a model file"):
        Generator.load(file)


@pytest.mark.fault("damaged checkpoint of a training")
def test_a_flipped_bit_anywhere_is_refused_or_changes_nothing(tmp_path, record_property):
    facts, tensors = {"losses": [0.1, 2.0]}, {"x": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(7)}
    file = tmp_path / "file"
    save_archive(file, "thing", facts, tensors)
    content = file.read_bytes()
    refused = 0
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        try:
            read, loaded = load_archive(file)
        except InputError:
            refused += 1
            continue
        assert read == {**facts, "kind": "thing"}
        assert loaded.keys() == tensors.keys()
        assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)
    assert refused > 0.8 * len(content)
    record_property("injections", len(content))


def test_a_checkpoint_is_no_model(tmp_path):
    file = tmp_path / "x.checkpoint"
    fit([TrainingRow("*OCC*", "high")], generator_settings(iterations=1, device="cpu"), seed=1, checkpoint=file)
    with pytest.raises(InputError, match="not a model file"):
        Generator.load(file)
