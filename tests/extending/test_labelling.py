"""The example of a labelling: a fixed border decides the class."""

from autodisco.decide import ranking
from autodisco.store import Store


def test_the_border_of_the_example_decides_the_classes(campaign):
    with Store.open_readonly(campaign.folder) as store:
        expected = {row.key: row.expected for row in ranking(store)}
        rows = {row.key: row for row in store.training(1)}
        note = next(row for row in store.journal() if row.event == "training set" and row.subject == "model 1")
    assert {rows[key].label == "high" for key, value in expected.items() if value >= 1e-3} == {True}
    assert {rows[key].label == "low" for key, value in expected.items() if value < 1e-3} == {True}
    assert all("mS/cm: " in rows[key].why for key in expected)
    assert note.why == "high from 1.0 mS/cm"
