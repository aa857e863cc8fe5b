"""Files that follow each other: parts written again, counts from 0, gaps, cuts and times that do not fit."""

import bz2
import gzip
import lzma

import pytest
import zstandard

from autodisco.analysis import analyze
from autodisco.errors import InputError
from tests.analysis.walks import CHOSEN, dump_text, salt


@pytest.fixture(scope="module")
def it():
    return salt(n_frames=30)


@pytest.fixture(scope="module")
def whole(it, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run.lammpstrj"
    path.write_text(dump_text(it))
    return analyze(path, **CHOSEN).properties


def values(found):
    return {name: value for name, value in found.to_dict().items() if name != "warnings"}


def assert_same(found, whole, *sentences):
    assert values(found) == values(whole)
    new = [warning for warning in found.warnings if warning not in whole.warnings]
    assert len(new) == len(sentences), new
    for warning, sentence in zip(new, sentences, strict=True):
        assert sentence in warning


def parts(folder, *texts):
    paths = [folder / f"part{k}.lammpstrj" for k in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return paths


def test_of_frames_that_a_restart_wrote_again_the_later_ones_are_taken(it, whole, tmp_path):
    # The first run went on from frame 12 in another way, and was lost.
    astray = salt(n_frames=30, seed=1).positions
    lost = salt(n_frames=30)
    lost.positions[13:] = lost.positions[12] + (astray[13:] - astray[12])
    files = parts(tmp_path, dump_text(lost, range(20)), dump_text(it, range(12, 30)))
    assert_same(analyze(*files, **CHOSEN).properties, whole, "part1.lammpstrj: begins again at 12000 steps; of the 8")
    # The restart wrote the frame after the one it started from first.
    files = parts(tmp_path, dump_text(lost, range(20)), dump_text(it, range(13, 30)))
    assert_same(analyze(*files, **CHOSEN).properties, whole, "begins again at 13000 steps; of the 7 frames")


def test_a_restart_that_appends_to_its_file_is_one_too(it, whole, tmp_path):
    (file,) = parts(tmp_path, dump_text(it, range(20)) + dump_text(it, range(15, 30)))
    assert_same(analyze(file, **CHOSEN).properties, whole, "begins again at 15000 steps")


@pytest.mark.parametrize("first", [0, 1])
def test_a_second_run_from_the_same_start_is_a_replica_and_no_restart(it, tmp_path, first):
    other = salt(n_frames=30, seed=1)
    other.positions += it.positions[0] - other.positions[0]  # the same start, other velocities
    for files in (
        parts(tmp_path, dump_text(it), dump_text(other, range(first, 30))),
        parts(tmp_path, dump_text(it), dump_text(it, range(first, 30))),
    ):
        with pytest.raises(InputError, match=r"part1.*a replica from the same start, or a copy\?.* with a \+ between"):
            analyze(*files, **CHOSEN)


def test_a_first_frame_alone_is_a_copy(it, whole, tmp_path):
    files = parts(tmp_path, dump_text(it, [0]), dump_text(it))
    assert_same(analyze(*files, **CHOSEN).properties, whole)


@pytest.mark.parametrize(
    ("begins", "sentence"), [(11, "its first frame repeats the last one"), (12, "used as the next one")]
)
def test_a_part_that_counts_from_zero_goes_on(it, whole, tmp_path, begins, sentence):
    files = parts(tmp_path, dump_text(it, range(12)), dump_text(it, range(begins, 30), first=-1000 * begins))
    assert_same(analyze(*files, **CHOSEN).properties, whole, sentence)


@pytest.mark.parametrize("begins", [2, 9, 10])
def test_a_part_that_counts_from_zero_may_repeat_several_frames(it, whole, tmp_path, begins):
    files = parts(tmp_path, dump_text(it, range(12)), dump_text(it, range(begins, 30), first=-1000 * begins))
    found = analyze(*files, **CHOSEN).properties
    assert values(found) == values(whole)
    assert any(f"of the {12 - begins} frames from there on that were written twice" in note for note in found.warnings)


def test_three_parts_that_all_count_from_zero(it, whole, tmp_path):
    files = parts(
        tmp_path,
        dump_text(it, range(10)),
        dump_text(it, range(10, 20), first=-10_000),
        dump_text(it, range(20, 30), first=-20_000),
    )
    assert values(analyze(*files, **CHOSEN).properties) == values(whole)


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        (
            lambda it: [dump_text(it, range(12)), dump_text(it, range(14, 30))],
            "a frame at 14000 steps follows one at 11000",
        ),
        (lambda it: [dump_text(it, [k]) for k in (0, 1, 10, 2)], "are the files in the order of their steps"),
        (lambda it: [dump_text(it, range(15, 30)), dump_text(it, range(15))], "its atoms are neither where"),
        (
            lambda it: [dump_text(it, range(12)), dump_text(it, range(20, 30), first=-20_000)],
            "its atoms are neither where",
        ),
        (lambda it: [dump_text(it, [0, 1, 2, 3]), dump_text(it, range(8, 12), step=500)], "one 1000 steps later"),
    ],
    ids=["gap", "order of names", "wrong order", "gap behind a new count", "another spacing"],
)
def test_gaps_are_refused(it, tmp_path, texts, complaint):
    with pytest.raises(InputError, match=complaint):
        analyze(*parts(tmp_path, *texts(it)), **CHOSEN)


def timed(per_frame):
    return lambda k: f"ITEM: UNITS\nreal\nITEM: TIME\n{per_frame(k)}\n"


def test_a_time_step_that_changes_though_the_steps_go_on_is_refused(it, tmp_path):
    files = parts(
        tmp_path,
        dump_text(it, range(15), before=timed(lambda k: 1000 * k)),
        dump_text(it, range(15, 30), before=timed(lambda k: 14_000 + 2000 * (k - 14))),
    )
    with pytest.raises(InputError, match="a frame at 16 ps follows one at 14 ps; one 1 ps later expected"):
        analyze(*files, **CHOSEN)


def test_a_dt_that_the_file_contradicts_is_noted(it, whole, tmp_path):
    (file,) = parts(tmp_path, dump_text(it, before=timed(lambda k: 2000 * k)))
    assert_same(analyze(file, **CHOSEN).properties, whole, "tells 2 ps between frames, --dt 1 ps; --dt counts")
    assert analyze(file, **CHOSEN | {"dt_ps": None}).properties.length_ns == pytest.approx(0.058)


def test_frames_that_all_have_the_same_step_count_where_dt_is_given(it, whole, tmp_path):
    (file,) = parts(tmp_path, dump_text(it, step=0))
    assert_same(analyze(file, **CHOSEN).properties, whole, "all frames have the same steps")
    with pytest.raises(InputError, match="time between frames"):
        analyze(file, **CHOSEN | {"dt_ps": None})


def test_the_whole_frames_of_a_cut_file_are_read(it, tmp_path):
    text = dump_text(it)
    known = parts(tmp_path, dump_text(it, range(29)))[0]
    expected = analyze(known, **CHOSEN).properties
    file = tmp_path / "cut.lammpstrj"
    for cut in (text.rindex("ITEM: TIMESTEP") + 30, len(text) - 300, len(text) - 6):
        file.write_text(text[:cut])
        assert_same(analyze(file, **CHOSEN).properties, expected, "a frame is incomplete and left out")
    file.write_bytes(dump_text(it, range(29)).encode() + bytes(5000))
    assert_same(analyze(file, **CHOSEN).properties, expected, "breaks off in zeros")
    for ends in ("", "\n\n \n", "\r\n"):
        file.write_text(text.rstrip() + ends)
        assert analyze(file, **CHOSEN).properties.frames == 30
    file.write_text(text.replace("\n", "\r\n"))
    assert analyze(file, **CHOSEN).properties.frames == 30


def test_a_frame_that_a_killed_run_left_before_its_restart_is_left_out(it, whole, tmp_path):
    first = dump_text(it, range(20))
    (file,) = parts(tmp_path, first[: len(first) - 500] + dump_text(it, range(15, 30)))
    found = analyze(file, **CHOSEN).properties
    assert_same(found, whole, "begins again at 15000 steps; of the 4 frames", "a frame is incomplete")


def test_a_gap_that_a_broken_frame_left_names_that_frame(it, tmp_path):
    broken = dump_text(it, [10]).splitlines(keepends=True)[:-1]  # lacks an atom
    (file,) = parts(tmp_path, dump_text(it, range(10)) + "".join(broken) + dump_text(it, range(11, 30)))
    with pytest.raises(InputError, match=r"at 11000 steps follows one at 9000; .* \(.*step 10000"):
        analyze(file, **CHOSEN)


def test_files_without_a_byte_are_named(it, tmp_path):
    (file,) = parts(tmp_path, dump_text(it))
    for content in (b"", bz2.compress(dump_text(it).encode())[:500]):
        (tmp_path / "none").write_bytes(content)
        for given in ([tmp_path / "none"], [file, tmp_path / "none"]):
            with pytest.raises(InputError, match="none: is empty, or holds compressed data that end"):
                analyze(*given, **CHOSEN)


PACKED = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.ZstdCompressor().compress,
}  # fmt: skip


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("name", ["dump.nvt", "RUN.LAMMPSTRJ", "run.lammpstrj.1", "md.atom", "plain"])
def test_dumps_are_known_by_what_they_hold_packed_or_not(it, whole, tmp_path, kind, name):
    text = dump_text(it).encode()
    (tmp_path / name).write_bytes(text)
    assert_same(analyze(tmp_path / name, **CHOSEN).properties, whole)
    packed = PACKED[kind](text)
    (tmp_path / f"{name}.{kind}").write_bytes(packed)
    assert_same(analyze(tmp_path / f"{name}.{kind}", **CHOSEN).properties, whole)


@pytest.mark.parametrize("kind", PACKED)
def test_packed_files_that_are_cut_give_the_whole_frames_that_can_be_unpacked(it, tmp_path, kind):
    packed = PACKED[kind](dump_text(it).encode())
    file = tmp_path / "cut"
    file.write_bytes(packed[: 9 * len(packed) // 10])
    if kind in ("bz2", "zst"):  # these unpack blocks, and this file is less than one
        with pytest.raises(InputError, match="cut: "):
            analyze(file, **CHOSEN)
        return
    found = analyze(file, **CHOSEN).properties
    assert 20 < found.frames < 30
    assert any("incomplete" in warning or "truncated" in warning for warning in found.warnings)


def test_a_folder_among_files_is_named(it, tmp_path):
    (file,) = parts(tmp_path, dump_text(it))
    with pytest.raises(InputError, match="a folder; name its files"):
        analyze(file, tmp_path, **CHOSEN)
