"""Fronts, their numbers and the volume below them, against counts one by one and by chance."""

import numpy as np
import pytest

from autodisco.decide.pareto import best_by_rank, dominating, front, hypervolume, ranks


@pytest.fixture(params=[2, 3, 4])
def points(request):
    return np.random.default_rng(request.param).normal(size=(80, request.param)).round(1)  # some coordinates are equal


def _dominates(one, other):
    return all(a >= b for a, b in zip(one, other, strict=True)) and any(a > b for a, b in zip(one, other, strict=True))


def test_the_front_is_what_no_point_dominates(points):
    expected = {tuple(p) for p in points if not any(_dominates(q, p) for q in points)}
    found = front(points)
    assert {tuple(p) for p in found} == expected
    assert len(found) == len(expected)
    assert list(found[:, 0]) == sorted(found[:, 0], reverse=True)
    assert dominating(points, points).tolist() == [[_dominates(p, q) for q in points] for p in points]


def test_front_after_front_is_taken_away(points):
    left, number, found = list(range(len(points))), 0, ranks(points)
    while left:
        best = {n for n in left if not any(_dominates(points[m], points[n]) for m in left)}
        assert {n for n in left if found[n] == number} == best
        left, number = [n for n in left if n not in best], number + 1


def test_the_best_share_ends_with_a_whole_front_and_is_the_largest_values_of_one_objective(points):
    found, best = ranks(points), best_by_rank(points, 20)
    last = found[best].max()
    assert best.tolist() == (found <= last).tolist()
    assert (found < last).sum() < 20 <= best.sum()
    one = np.random.default_rng(0).permutation(50.0 * np.arange(40))[:, None]
    assert set(one[best_by_rank(one, 7), 0]) == {50.0 * n for n in range(33, 40)}


def test_the_volume_is_that_counted_by_chance(points):
    d = points.shape[1]
    origin, top = np.full(d, -1.0), np.full(d, 3.0)
    edge = front(points[(points > origin).all(axis=1)])
    box = np.random.default_rng(1).uniform(origin, top, size=(100_000, d))
    below = np.zeros(len(box), dtype=bool)
    for point in edge:
        below |= (box < point).all(axis=1)
    assert hypervolume(points, origin) == pytest.approx(below.mean() * 4.0**d, rel=0.02)
    assert hypervolume(points - 10.0, origin) == 0.0
