"""Islands in rising water: by hand, in any order of the points, and beside scikit-learn's HDBSCAN."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_rand_score

from course_utils.common.errors import InputError
from course_utils.topics.figures import rising_water
from course_utils.topics.islands import islands, land

LINE = np.array([[0], [1], [2], [10], [11], [12.0]])


def crowds(seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(middle, 0.3, (40, 2)) for middle in ((0, 0), (3, 0), (0, 3), (4, 4))])


def groups(points, found):
    labels = np.full(len(points), -1)
    for number, island in enumerate(each for each in found if each.kept):
        labels[island.members] = number
    return labels


def test_two_crowds_come_off_at_their_distance_and_drown_at_that_of_their_points():
    whole, *two = islands(LINE, smallest=3, in_reach=2)
    assert whole.parts == two
    assert [(each.comes_off, each.ends) for each in two] == [(8, 1)] * 2
    assert [each.mass for each in two] == pytest.approx([3 * (1 - 1 / 8)] * 2)
    assert whole.inside == pytest.approx(sum(each.mass for each in two))


def test_an_island_is_kept_if_it_has_at_least_the_mass_inside_it():
    for island in islands(crowds(), smallest=5, in_reach=3)[1:]:
        inner = [each for each in island.parts if each.kept]
        assert not (island.kept and inner)
        if island.kept:
            assert island.mass >= island.inside


def test_the_order_of_the_points_does_not_matter():
    points, order = crowds(), np.random.default_rng(1).permutation(160)
    one, other = islands(points, 10, 5), islands(points[order], 10, 5)
    key = [sorted((len(each.members), round(each.ends, 9), each.kept) for each in found) for found in (one, other)]
    assert key[0] == key[1]


def test_as_many_islands_are_there_at_a_level_as_dbscan_finds():
    points = crowds()
    found = islands(points, 10, 5)
    for level in (0.15, 0.2, 0.3, 1.0):
        alive = sum(each.comes_off > level >= each.ends for each in found)
        assert land(points, level, 10, 5).max() + 1 == alive


@pytest.mark.parametrize("seed", range(3))
def test_groups_are_those_of_scikit_learn(seed):
    points = crowds(seed)
    mine = groups(points, islands(points, 10, 5))
    theirs = HDBSCAN(min_cluster_size=10, min_samples=5, copy=True).fit_predict(points)
    assert mine.max() == theirs.max() == 3
    both = (mine >= 0) & (theirs >= 0)
    assert adjusted_rand_score(mine[both], theirs[both]) == 1
    assert np.mean((mine >= 0) != (theirs >= 0)) < 0.03  # points at the very distance of a break


def test_too_few_points_are_said():
    with pytest.raises(InputError, match="7 to 2,000"):
        islands(LINE, smallest=7, in_reach=2)


def test_each_island_is_drawn_once_and_the_kept_ones_have_their_number_of_points():
    points = crowds()
    found = islands(points, 10, 5)
    figure = rising_water(points, found, (0.3, 0.2), 10, 5, "A title")
    ax = figure.axes[-1]
    bars = [line for line in ax.lines if line.get_ydata()[0] == line.get_ydata()[-1]]
    assert len(bars) == len(found)
    kept = [str(len(each.members)) for each in found if each.kept]
    assert sorted(text.get_text() for text in ax.texts) == sorted(kept)
    assert len(figure.axes) == 3
    plt.close(figure)
