"""The table of faults in the documentation is that of the tests."""

from tests.faults import faults, marked


def test_every_fault_of_the_table_is_injected_by_a_test_and_every_injected_one_is_in_the_table():
    assert faults()
    assert set(marked()) == set(faults())
