import numpy as np
import pytest
import torch

from autodisco.errors import InputError, TrainingDiverged
from autodisco.generator import TrainingRow, fit, generator_settings
from autodisco.generator.archive import load_archive
from autodisco.generator.batches import encode_rows, pack
from autodisco.generator.dataset import row_probabilities
from autodisco.generator.device import cpu_threads
from autodisco.generator.model import GPT
from autodisco.generator.tokens import CLASS_REPEATS, VOCABULARY, decode
from autodisco.generator.train import Training
from autodisco.polymer import parse, units_from_grammar

ROWS = [
    TrainingRow("*OCC*", "high"),
    TrainingRow("*OCCOC*", "high"),
    TrainingRow("*CC*", "low"),
    TrainingRow("*CC(*)C", "low"),
    TrainingRow("*CC(C)C(C)C*", "low"),
    TrainingRow("*NCC(=O)*", "unlabelled"),
]
SHORT = generator_settings(iterations=12, batch_size=8, device="cpu")


def weights(generator):
    return torch.cat([parameter.detach().flatten() for parameter in generator.model.parameters()])


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    first, again = fit(ROWS, SHORT, seed=5), fit(ROWS, SHORT, seed=5)
    assert torch.equal(weights(first), weights(again))
    assert first.losses == again.losses
    assert not torch.equal(weights(first), weights(fit(ROWS, SHORT, seed=6)))


def test_training_leaves_the_global_random_state_and_thread_count_alone():
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    fit(ROWS, SHORT, seed=5)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("stop_at", [5, 11])
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            KeyboardInterrupt,
            marks=pytest.mark.fault("SIGTERM, SIGINT (a service that is stopped, a machine that shuts down)"),
        ),
        pytest.param(RuntimeError, marks=pytest.mark.fault("SIGKILL of daemon, engines, training")),
    ],
)
def test_an_interrupted_training_continues_to_the_same_weights(tmp_path, stop_at, error):
    """One that is told to leave loses nothing, one that is killed what came after its last checkpoint."""
    whole = fit(ROWS, SHORT, seed=5)
    checkpoint = tmp_path / "training.checkpoint"

    def killed(iteration, iterations, loss):
        if iteration == stop_at:
            raise error

    with pytest.raises(error):
        fit(ROWS, SHORT, seed=5, progress=killed, checkpoint=checkpoint, checkpoint_every=4)
    seen = []
    torch.rand(7)  # another process would not find the global generator where the first left it
    resumed = fit(
        ROWS, SHORT, seed=5, progress=lambda i, n, loss: seen.append(i), checkpoint=checkpoint, checkpoint_every=4
    )
    assert seen[0] == (stop_at // 4 * 4 if error is KeyboardInterrupt else stop_at) + 1
    assert torch.equal(weights(resumed), weights(whole))
    assert resumed.losses == whole.losses


def test_a_checkpoint_of_another_training_is_not_taken_up(tmp_path):
    checkpoint = tmp_path / "training.checkpoint"
    heavier = [TrainingRow("*OCC*", "high", 7.0), *ROWS[1:]]
    for rows, seed in ((ROWS, 6), (ROWS[:-1], 5), (heavier, 5)):
        checkpoint.unlink(missing_ok=True)
        fit(ROWS, SHORT, seed=5, checkpoint=checkpoint)
        other = fit(rows, SHORT, seed=seed, checkpoint=checkpoint)
        assert torch.equal(weights(other), weights(fit(rows, SHORT, seed=seed)))


def test_a_checkpoint_of_a_training_from_other_weights_is_not_taken_up(tmp_path):
    first, second = (fit(ROWS, SHORT, seed=seed) for seed in (1, 2))
    checkpoint = tmp_path / "training.checkpoint"
    fit(ROWS, SHORT, seed=5, start_from=first, checkpoint=checkpoint)
    other = fit(ROWS, SHORT, seed=5, start_from=second, checkpoint=checkpoint)
    assert torch.equal(weights(other), weights(fit(ROWS, SHORT, seed=5, start_from=second)))


def test_a_damaged_checkpoint_is_named(tmp_path):
    checkpoint = tmp_path / "training.checkpoint"
    checkpoint.write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match=r"training\.checkpoint"):
        fit(ROWS, SHORT, seed=5, checkpoint=checkpoint)


def test_a_model_file_that_would_run_code_is_refused(tmp_path):
    class Attack:
        def __reduce__(self):
            return (print, ("code ran",))

    path = tmp_path / "model.pt"
    torch.save({"kind": Attack()}, path)
    with pytest.raises(InputError, match=r"model\.pt"):
        load_archive(path)


def test_a_training_whose_loss_is_no_number_ends_with_an_error():
    with pytest.raises(TrainingDiverged, match=r"loss of iteration \d+ is (nan|inf); lower generator\.learning_rate"):
        fit(ROWS, SHORT.model_copy(update={"learning_rate": 1e12}), seed=5)


def test_progress_reports_every_iteration_with_its_loss():
    calls = []
    generator = fit(ROWS, SHORT, seed=5, progress=lambda *call: calls.append(call))
    assert calls == [(i + 1, 12, loss) for i, loss in enumerate(generator.losses)]
    assert calls[0][2] == pytest.approx(np.log(len(VOCABULARY)), rel=0.1)  # no better than a guess among the tokens


def test_a_warm_start_begins_where_the_other_ended():
    settings = generator_settings(iterations=150, batch_size=16, device="cpu")
    first = fit(ROWS, settings, seed=5)
    warm = fit(ROWS, SHORT, seed=6, start_from=first)
    assert warm.losses[0] < 0.5 * first.losses[0]
    with pytest.raises(InputError, match="gpt-nano"):
        fit(ROWS, generator_settings(size="gpt-mini", device="cpu"), seed=6, start_from=first)


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
        fit(rows, SHORT, seed=1)


@pytest.mark.parametrize(
    "setting", [{"size": "gpt-huge"}, {"iterations": 0}, {"dropout": 1.0}, {"learning_rate": 0.0}, {"device": "abacus"}]
)
def test_a_setting_out_of_range_is_named(setting):
    with pytest.raises(InputError, match=str(next(iter(setting.values())))):
        fit(ROWS, generator_settings(**{"iterations": 1, **setting}), seed=1)


def test_an_augmented_row_has_one_sequence_for_every_spelling_of_its_polymer():
    (ways,) = encode_rows([TrainingRow("*OCC(=O)N*", "high")], 64, augment="symmetry")
    texts = {decode(way[CLASS_REPEATS:].tolist()) for way in ways}
    assert len(texts) == len(ways) == 8  # four cuts, two directions
    assert {parse(text).key for text in texts} == {parse("*OCC(=O)N*").key}
    assert len(encode_rows([TrainingRow("*OCC*", "high")], 64, augment="symmetry")[0]) == 3  # the same from either end


def test_augmented_training_is_reproducible_and_differs_from_plain():
    plain, first, again = (
        fit(ROWS, generator_settings(iterations=5, augment=a, device="cpu"), seed=1).losses
        for a in ("none", "symmetry", "symmetry")
    )
    assert first == again != plain


def test_an_average_of_the_weights_is_the_recursion_written_out():
    settings = generator_settings(iterations=6, batch_size=8, ema=0.9, device="cpu")
    with torch.random.fork_rng(devices=[]), cpu_threads(1):
        torch.manual_seed(0)
        model = GPT(settings)
        training = Training(model, ROWS, settings, seed=1)
        average = weights_of(model)
        for iteration in range(1, 7):
            training.step()
            decay = min(0.9, (1 + iteration) / (10 + iteration))
            average = decay * average + (1 - decay) * weights_of(model)
    assert torch.allclose(torch.cat([t.flatten() for t in training.averaged.values()]), average, atol=1e-6)
    assert not torch.allclose(average, weights_of(model), atol=1e-5)


def weights_of(model):
    return torch.cat([tensor.detach().flatten().clone() for tensor in model.state_dict().values()])


def test_a_share_of_every_class_is_put_aside_and_no_class_is_lost():
    rows = (
        [TrainingRow("*OCC*", "high")] + [TrainingRow("*CC*", "low")] * 20 + [TrainingRow("*NC*", "unlabelled", 0)] * 9
    )
    for seed in range(20):
        settings = generator_settings(held_out=0.1, device="cpu")
        aside = Training(GPT(settings), rows, settings, seed).held_out
        assert [rows[k].label for k in np.flatnonzero(aside)] == ["low", "low"]


def test_held_out_rows_are_never_drawn_and_end_the_training_when_they_are_written_worse(monkeypatch):
    monkeypatch.setattr("autodisco.generator.train.EVALUATE_EVERY", 10)
    rows = [TrainingRow(unit, "high") for unit in units_from_grammar(20, np.random.default_rng(0), max_characters=20)]
    settings = generator_settings(
        iterations=1000, batch_size=8, held_out=0.3, learning_rate=5e-3, dropout=0.0, block_size=32, device="cpu"
    )
    with torch.random.fork_rng(devices=[]), cpu_threads(1):
        torch.manual_seed(0)
        training = Training(GPT(settings), rows, settings, seed=1)
        assert training.held_out.sum() == 6
        drawn = set(np.flatnonzero(np.diff(training.cumulative.numpy(), prepend=0)))
        assert drawn == set(np.flatnonzero(~training.held_out))
        while not training.done:
            training.step()
    assert 50 < len(training.losses) < 1000
    assert training.best_at == len(training.losses) - 50
    assert training.chosen is training.best
    assert training.losses[-1] < training.losses[training.best_at]  # what it sees it went on learning


def test_rows_weighted_in_the_loss_are_drawn_equally_often():
    rows = [TrainingRow("*OCC*", "high", 3), TrainingRow("*OC*", "high"), *[TrainingRow("*CC*", "low")] * 10]
    settings = generator_settings(weighting="loss", device="cpu")
    training = Training(GPT(settings), rows, settings, seed=1)
    assert training.cumulative.diff().tolist() == [1.0] * 11
    assert training.weights.mean() == pytest.approx(1)
    assert training.weights / training.weights.sum() == pytest.approx(row_probabilities(rows, 1))


@pytest.mark.parametrize("more", [{"ema": 0.9, "held_out": 0.3}, {"kind": "lstm"}, {"kind": "diffusion"}])
@pytest.mark.fault("SIGTERM, SIGINT (a service that is stopped, a machine that shuts down)")
def test_every_training_continues_from_its_checkpoint_to_the_same_weights(tmp_path, more, monkeypatch):
    monkeypatch.setattr("autodisco.generator.train.EVALUATE_EVERY", 3)
    settings = generator_settings(iterations=10, batch_size=8, block_size=24, device="cpu", **more)
    whole = fit(ROWS, settings, seed=5)
    checkpoint = tmp_path / "training.checkpoint"

    def killed(iteration, iterations, loss):
        if iteration == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(ROWS, settings, seed=5, progress=killed, checkpoint=checkpoint, checkpoint_every=4)
    resumed = fit(ROWS, settings, seed=5, checkpoint=checkpoint, checkpoint_every=4)
    assert torch.equal(weights(resumed), weights(whole))
    assert resumed.losses == whole.losses


def test_a_longer_training_goes_on_where_a_shorter_one_ended(tmp_path):
    checkpoint = tmp_path / "training.checkpoint"
    fit(ROWS, SHORT, seed=5, checkpoint=checkpoint)
    longer = generator_settings(iterations=20, batch_size=8, device="cpu")
    seen = []
    went_on = fit(ROWS, longer, seed=5, checkpoint=checkpoint, progress=lambda i, n, loss: seen.append(i))
    assert seen[0] == 13
    assert torch.equal(weights(went_on), weights(fit(ROWS, longer, seed=5)))
    # ... and a shorter one is not taken from a longer one.
    again = fit(ROWS, SHORT, seed=5, checkpoint=checkpoint)
    assert torch.equal(weights(again), weights(fit(ROWS, SHORT, seed=5)))


def test_random_smiles_are_other_texts_of_the_same_polymer():
    (ways,) = encode_rows([TrainingRow("*OCC(C(=O)OC)N*", "high")], 64, augment="smiles")
    texts = {decode(way[CLASS_REPEATS:].tolist()) for way in ways}
    plain = {
        decode(way[CLASS_REPEATS:].tolist())
        for way in encode_rows([TrainingRow("*OCC(C(=O)OC)N*", "high")], 64, "symmetry")[0]
    }
    assert {parse(text).key for text in texts} == {parse("*OCC(C(=O)OC)N*").key}
    assert texts - plain
    assert all(text.startswith("*") for text in texts)


def test_a_spelling_without_tokens_is_left_out():
    row = TrainingRow("*OCC=SCO*", "high")  # in canonical form with [SH]
    for augment in ("symmetry", "smiles"):
        (ways,) = encode_rows([row], 64, augment=augment)
        assert ways
        assert all(parse(decode(way[CLASS_REPEATS:].tolist())).key == parse(row.smiles).key for way in ways)
