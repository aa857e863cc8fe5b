"""Names of systems follow from those of their files, and from folders where these have nothing in common."""

from pathlib import Path

import pytest

from autodisco.analysis.system_names import row_names, system_names


@pytest.mark.parametrize(
    ("groups", "names"),
    [
        (("peo-333K peo-353K", "ppo-333K ppo-353K"), ["peo", "ppo"]),
        (("peo-eo20-333K peo-eo20-353K", "peo-eo10-333K peo-eo10-353K"), ["peo-eo20", "peo-eo10"]),
        (("eo20_333 eo20_353", "eo10_333 eo10_353"), ["eo20", "eo10"]),
        (("m/peo10/333K m/peo10/353K", "m/peo20/333K m/peo20/353K"), ["peo10", "peo20"]),
        (("m/333K m/353K", "m/303K m/373K"), ["system 1", "system 2"]),
        (("peo20", "peo10"), ["peo20", "peo10"]),
        (("a/353K", "b/353K"), ["a/353K", "b/353K"]),
        (("peo-eo20-333K peo-eo20-353K", "ppo-333K"), ["peo-eo20", "ppo-333K"]),
    ],
)
def test_a_name_is_what_files_have_in_common_without_the_number_that_differs(groups, names):
    assert system_names([[Path(f"{name}.json") for name in group.split()] for group in groups]) == names


def test_rows_of_equal_names_have_their_folder_in_front():
    assert row_names([Path("a/333K.json"), Path("b/333K.json"), Path("b/353K.json")]) == ["a/333K", "b/333K", "353K"]
