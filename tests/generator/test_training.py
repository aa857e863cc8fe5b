import numpy as np
import pytest
import torch

from autodisco.errors import InputError
from autodisco.generator import Generator, GeneratorSettings, TrainingRow
from autodisco.generator.archive import load_archive
from autodisco.generator.batches import encode_rows, pack, row_probabilities
from autodisco.generator.model import GPT
from autodisco.generator.tokens import CLASS_REPEATS, VOCABULARY, decode
from autodisco.polymer import parse

ROWS = [
    TrainingRow("*OCC*", "high"),
    TrainingRow("*OCCOC*", "high"),
    TrainingRow("*CC*", "low"),
    TrainingRow("*CC(*)C", "low"),
    TrainingRow("*CC(C)C(C)C*", "low"),
    TrainingRow("*NCC(=O)*", "unlabelled"),
]
SHORT = GeneratorSettings(iterations=12, batch_size=8, device="cpu")


def weights(generator):
    return torch.cat([parameter.detach().flatten() for parameter in generator.model.parameters()])


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    first, again = Generator.fit(ROWS, SHORT, seed=5), Generator.fit(ROWS, SHORT, seed=5)
    assert torch.equal(weights(first), weights(again))
    assert first.losses == again.losses
    assert not torch.equal(weights(first), weights(Generator.fit(ROWS, SHORT, seed=6)))


def test_training_leaves_the_global_random_state_and_thread_count_alone():
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    Generator.fit(ROWS, SHORT, seed=5)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("stop_at", [5, 11])
def test_an_interrupted_training_continues_to_the_same_weights(tmp_path, stop_at):
    whole = Generator.fit(ROWS, SHORT, seed=5)
    checkpoint = tmp_path / "training.checkpoint"

    def killed(iteration, iterations, loss):
        if iteration == stop_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Generator.fit(ROWS, SHORT, seed=5, progress=killed, checkpoint=checkpoint, checkpoint_every=4)
    seen = []
    torch.rand(7)  # another process would not find the global generator where the first left it
    resumed = Generator.fit(
        ROWS, SHORT, seed=5, progress=lambda i, n, loss: seen.append(i), checkpoint=checkpoint, checkpoint_every=4
    )
    assert seen[0] == stop_at // 4 * 4 + 1
    assert torch.equal(weights(resumed), weights(whole))
    assert resumed.losses == whole.losses


def test_a_checkpoint_of_another_training_is_not_taken_up(tmp_path):
    checkpoint = tmp_path / "training.checkpoint"
    Generator.fit(ROWS, SHORT, seed=5, checkpoint=checkpoint)
    for rows, seed in ((ROWS, 6), (ROWS[:-1], 5)):
        other = Generator.fit(rows, SHORT, seed=seed, checkpoint=checkpoint)
        assert torch.equal(weights(other), weights(Generator.fit(rows, SHORT, seed=seed)))


def test_a_damaged_checkpoint_is_named(tmp_path):
    checkpoint = tmp_path / "training.checkpoint"
    checkpoint.write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match=r"training\.checkpoint"):
        Generator.fit(ROWS, SHORT, seed=5, checkpoint=checkpoint)


def test_a_model_file_that_would_run_code_is_refused(tmp_path):
    class Attack:
        def __reduce__(self):
            return (print, ("code ran",))

    path = tmp_path / "model.pt"
    torch.save({"kind": Attack()}, path)
    with pytest.raises(InputError, match=r"model\.pt"):
        load_archive(path)


def test_progress_reports_every_iteration_with_its_loss():
    calls = []
    generator = Generator.fit(ROWS, SHORT, seed=5, progress=lambda *call: calls.append(call))
    assert calls == [(i + 1, 12, loss) for i, loss in enumerate(generator.losses)]
    assert calls[0][2] == pytest.approx(np.log(len(VOCABULARY)), rel=0.1)  # no better than a guess among the tokens


def test_a_warm_start_begins_where_the_other_ended():
    settings = GeneratorSettings(iterations=150, batch_size=16, device="cpu")
    first = Generator.fit(ROWS, settings, seed=5)
    warm = Generator.fit(ROWS, SHORT, seed=6, start_from=first)
    assert warm.losses[0] < 0.5 * first.losses[0]
    with pytest.raises(InputError, match="gpt-nano"):
        Generator.fit(ROWS, GeneratorSettings(size="gpt-mini", device="cpu"), seed=6, start_from=first)


def test_classes_share_a_batch_equally_and_weights_count_as_copies():
    rows = [TrainingRow("*OCC*", "high", 3), TrainingRow("*OC*", "high"), *[TrainingRow("*CC*", "low")] * 10]
    balanced = row_probabilities(rows, balance=1)
    assert balanced == pytest.approx([0.375, 0.125] + [0.05] * 10)
    copies = [rows[0]] * 3 + rows[1:]
    copies = [TrainingRow(row.smiles, row.label) for row in copies]
    assert row_probabilities(copies, 1)[:3].sum() == pytest.approx(balanced[0])
    assert row_probabilities(rows, balance=0.5)[:2].sum() == pytest.approx(2 / (2 + 10**0.5))
    assert row_probabilities(rows, balance=0) == pytest.approx([3 / 14] + [1 / 14] * 11)


def test_the_loss_covers_the_string_and_its_end_but_not_the_prompt():
    rows = [TrainingRow("*OCC*", "high"), TrainingRow("*CCCCCC*", "low")]
    batch = pack([sequence for (sequence,) in encode_rows(rows, 64)])
    assert batch.tokens.shape == (2, 13)
    assert batch.weights.sum(1).tolist() == [9, 6]
    assert (batch.weights[:, :4] == 0).all()
    assert torch.equal(batch.targets[1, 4:9], batch.tokens[1, 5:10])
    assert batch.targets[1, 9] == 0
    assert (batch.weights[1, 10:] == 0).all()


def test_packed_rows_cost_what_they_cost_alone():
    sequences = [sequence for (sequence,) in encode_rows([*ROWS, TrainingRow("*" + 20 * "C" + "*", "low")], 64)]
    batch = pack(sequences)
    assert len(batch.tokens) < len(sequences)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        model = GPT(SHORT).eval()
        together = model(batch.tokens, batch.positions, batch.visible).log_softmax(-1)
        kept = batch.weights > 0
        packed = together[kept].gather(1, batch.targets[kept].unsqueeze(1)).sum()
        alone = sum(
            model(torch.from_numpy(s[:-1])[None]).log_softmax(-1)[0, range(4, len(s) - 1), s[5:]].sum()
            for s in sequences
        )
    assert packed.item() == pytest.approx(alone.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "empty"),
        ([TrainingRow("*" + 70 * "C" + "*", "low")], "at most 59"),
        ([TrainingRow("*C[U]C*", "low")], r"\[U\]"),
        ([TrainingRow("*CC*", "best")], "best"),
        ([TrainingRow("*CC*", "low", -1)], "weights"),
        ([TrainingRow("*CC*", "low", 0)], "weights"),
    ],
)
def test_a_training_set_that_cannot_be_used_is_refused(rows, message):
    with pytest.raises(InputError, match=message):
        Generator.fit(rows, SHORT, seed=1)


@pytest.mark.parametrize(
    "setting", [{"size": "gpt-huge"}, {"iterations": 0}, {"dropout": 1.0}, {"learning_rate": 0.0}, {"device": "abacus"}]
)
def test_a_setting_out_of_range_is_named(setting):
    with pytest.raises(InputError, match=str(next(iter(setting.values())))):
        Generator.fit(ROWS, GeneratorSettings(**{"iterations": 1, **setting}), seed=1)


def test_an_augmented_row_has_one_sequence_for_every_drawing_of_its_polymer():
    (ways,) = encode_rows([TrainingRow("*OCC(=O)N*", "high")], 64, augment="symmetry")
    texts = {decode(way[CLASS_REPEATS:].tolist()) for way in ways}
    assert len(texts) == len(ways) == 8  # four cuts, two directions
    assert {parse(text).key for text in texts} == {parse("*OCC(=O)N*").key}
    assert len(encode_rows([TrainingRow("*OCC*", "high")], 64, augment="symmetry")[0]) == 3  # the same from either end


def test_augmented_training_is_reproducible_and_differs_from_plain():
    plain, first, again = (
        Generator.fit(ROWS, GeneratorSettings(iterations=5, augment=a, device="cpu"), seed=1).losses
        for a in ("none", "symmetry", "symmetry")
    )
    assert first == again != plain
