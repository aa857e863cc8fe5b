"""What tables of properties show."""

from autodisco.analysis.quantities import numbers
from autodisco.cli.output import print_properties, print_table

COMBINED = {
    "n_replicas": 4,
    "conductivity_s_per_cm": 1e-3,
    "conductivity_s_per_cm_sem": 1e-4,
    "ion_pair_residence_ps": None,
    "ion_pair_residence_ps_sem": None,
    "ion_pair_residence_ps_at_least": 18.0,
    "ion_pair_residence_ps_n": 2,
    "cluster_lifetime_ps": None,
    "cluster_lifetime_ps_at_least": None,
}


def test_a_lifetime_that_did_not_end_is_shown_as_a_bound_with_how_many_did(capsys):
    print_properties(COMBINED, "polymer")
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if "ion_pair_residence_ps" in line]
    assert "> 18" in line
    assert "2 of 4" in line
    assert "not measurable here: lifetime of clusters" in out
    assert "_at_least" not in out


def test_numbers_for_programs_hold_the_bound_where_there_is_one():
    rows = {name: value for name, value, _ in numbers(COMBINED)}
    assert rows["ion_pair_residence_ps_at_least"] == 18.0
    assert rows["ion_pair_residence_ps_n"] == 2
    assert "cluster_lifetime_ps_at_least" not in rows


def test_a_narrow_table_leaves_columns_out_and_breaks_no_text(capsys, monkeypatch):
    from rich.console import Console

    columns, row = ["polymer", ">mass", ">atoms", "flags"], ("*OCCOCCOCCOCCOCC*", "220.1", "15", "none")
    shown = {}
    for width in (60, 40, 30):
        monkeypatch.setattr("autodisco.cli.output.stdout_console", lambda width=width: Console(width=width))
        left_out = print_table(columns, [row], spare=(">atoms", ">mass"))
        shown[width] = (left_out, capsys.readouterr().out)
    assert [left_out for left_out, _ in shown.values()] == [[], ["atoms"], ["atoms", "mass"]]
    assert all("*OCCOCCOCCOCCOCC*" in out and "none" in out for _, out in shown.values())
    assert "220.1" in shown[40][1]
    assert "15" not in shown[40][1]
