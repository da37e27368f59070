"""Groups of texts: values by hand, invariants, equality with references, and bad input."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from course_utils import topics
from course_utils.common.errors import InputError
from course_utils.common.vectors import unit_rows
from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed
from course_utils.exercises.cluster_and_name_topics import COUNTED_WORDS, COUNTS, TOY_TEXTS
from course_utils.topics.figures import dot_rows, k_means_round, pairs_on_map
from course_utils.topics.names import counted_words
from course_utils.words import STOP_WORDS


def blobs(n_each: int = 40, n_groups: int = 4, d: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    truth = np.repeat(np.arange(n_groups), n_each)
    return np.eye(d)[truth] + 0.2 * rng.standard_normal((len(truth), d)), truth


def sample(n: int = 600) -> tuple[np.ndarray, list[str]]:
    articles = load_wikipedia()
    texts = articles["text"][:][:: 10_033 // n]
    return embed(articles["text"][:])[:: 10_033 // n], texts


# c-TF-IDF


def test_class_tfidf_worked_by_hand():
    # Classes of 4 and 2 words, 3 on average. "cat" stands 3 times in all: log(1 + 3/3); the others once: log(1 + 3).
    found = topics.class_tfidf(["cat cat milk", "purr", "cat moon"], ["a", "a", "b"], stop_words=())
    assert found.words == ("cat", "milk", "moon", "purr")
    half, rare = 0.6931, 1.3863
    expected = [[2 / 4 * half, 1 / 4 * rare, 0, 1 / 4 * rare], [1 / 2 * half, 0, 1 / 2 * rare, 0]]
    np.testing.assert_allclose(found.weights, expected, atol=1e-4)


def test_class_tfidf_equals_bertopics_formula():
    """Written after ClassTfidfTransformer: l1-normalised counts times log(int(mean words a class) / f + 1)."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.preprocessing import normalize

    articles = load_wikipedia(size=330)
    texts, labels = articles["text"][:], articles["topic"][:]
    found = topics.class_tfidf(texts, labels)
    joined = [" ".join(t for t, label in zip(texts, labels, strict=True) if label == name) for name in found.classes]
    counts = CountVectorizer(vocabulary=found.words, token_pattern=r"\b[^\W\d_]{2,}\b").fit_transform(joined)
    idf = np.log(int(counts.sum(axis=1).mean()) / np.asarray(counts.sum(axis=0)).ravel() + 1)
    np.testing.assert_allclose(found.weights, normalize(counts, "l1", axis=1).toarray() * idf, rtol=1e-12)


def test_class_tfidf_equals_the_table_of_the_notebook():
    texts = [" ".join(np.repeat(COUNTED_WORDS, row)) for row in COUNTS]
    found = topics.class_tfidf(texts, [0, 1, 2], stop_words=())
    order = [found.words.index(word) for word in COUNTED_WORDS]
    expected = COUNTS / 8 * np.log(1 + 8 / COUNTS.sum(axis=0))
    np.testing.assert_allclose(found.weights[:, order], expected, rtol=1e-12)


def test_topic_words_hold_no_stop_word():
    articles = load_wikipedia(size=330)
    words = topics.topic_words(topics.class_tfidf(articles["text"][:], articles["topic"][:]), n_words=10)
    assert not {word for group in words.values() for word in group} & STOP_WORDS


def test_nouns_that_scikit_learn_stops_name_a_topic():
    found = topics.class_tfidf(["The fire of the mill", "It was a system, whose bill they've had"], [0, 1])
    assert topics.topic_words(found) == {0: ["fire", "mill"], 1: ["bill", "system"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sa\u0303o Paulo", ["são", "paulo"]),  # decomposed
        ("İzmir izmir", ["i\u0307zmir", "izmir"]),  # two characters in lower case
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("hon\u00adey bees", ["honey", "bees"]),
        ("B2B, covid19, snake_case, 12 x y2", []),
    ],
)
def test_counted_words_are_whole_in_any_script(text, expected):
    assert counted_words(text) == expected


def test_words_to_leave_out_are_compared_as_the_texts_words_are():
    found = topics.class_tfidf(["São Tiago", "café noir"], [0, 1], stop_words=["SA\u0303O", "CAFÉ"])
    assert found.words == ("noir", "tiago")


def test_labels_may_be_strings_numbers_or_mixed():
    texts = ["cat milk", "dog bone", "moon star"]
    for labels in (["x", "y", "z"], np.array([2, 0, 1]), ["x", 3, None], [1.5, 2, 3]):
        found = topics.topic_words(topics.class_tfidf(texts, labels), 1)
        assert len(found) == 3
        assert all(len(words) == 1 for words in found.values())


def test_an_empty_text_adds_nothing_and_an_empty_class_has_no_words():
    found = topics.topic_words(topics.class_tfidf(["cat milk", "", "dog"], ["a", "b", "c"]))
    assert found == {"a": ["cat", "milk"], "b": [], "c": ["dog"]}


def test_diverse_words_are_less_alike_than_top_words():
    texts = ["cat cat cat cats cats kitten kitten milk sofa", "bank money"]
    found = topics.class_tfidf(texts, [0, 1])
    plain, diverse = (topics.topic_words(found, 3, diversity=share)[0] for share in (0.0, 0.7))

    def likeness(words):
        return np.triu(embed(words) @ embed(words).T, 1).sum()

    assert plain[0] == diverse[0] == "cat"
    assert likeness(diverse) < likeness(plain) - 0.1


@pytest.mark.parametrize("diversity", [0.2, 0.5, 1.0])
def test_diverse_words_are_those_of_carbonell_and_goldstein(diversity):
    """Written after their formula, with weights of which the heaviest is 1 as the relevance, one word at a time."""
    articles = load_wikipedia(size=330)
    found = topics.class_tfidf(articles["text"][:], articles["topic"][:])
    named = topics.topic_words(found, 4, diversity=diversity)
    for label, weights in zip(found.classes, found.weights, strict=True):
        heaviest = np.argsort(-weights, kind="stable")[:16]
        relevance = weights[heaviest] / weights.max()
        vectors = embed([found.words[word] for word in heaviest])
        chosen = []
        while len(chosen) < 4:
            worth = {
                row: (1 - diversity) * relevance[row] - diversity * max(vectors[row] @ vectors[c] for c in chosen)
                if chosen
                else relevance[row]
                for row in range(16)
                if row not in chosen
            }
            chosen.append(max(worth, key=worth.get))
        assert named[label] == [found.words[heaviest[row]] for row in chosen]


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (["a cat", "a dog"], [0], "Each text needs a label"),
        ([], [], "no texts"),
        (["the of", "and"], [0, 1], "No word is left"),
        (["", ""], [0, 1], "No word is left"),
        ("cat", [0], "takes a list"),
        (["cat", 3], [0, 1], "are strings"),
        (["cat"], "c", "labels takes a list"),
        (["cat"], [[0]], "single value"),
    ],
)
def test_class_tfidf_explains_bad_input(texts, labels, message):
    with pytest.raises(InputError, match=message):
        topics.class_tfidf(texts, labels)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: topics.class_tfidf(["a cat"], [0], stop_words="the"), "takes a list"),
        (lambda: topics.class_tfidf(["a cat"], [0], stop_words=[3]), "int"),
        (lambda: topics.class_tfidf(["a cat"], [0], min_texts=0), "whole number from 1"),
        (lambda: topics.class_tfidf(["a cat"], [0], min_texts=0.5), "whole number from 1"),
        (lambda: topics.class_tfidf(["a cat"], [0], min_texts=2), "at least 2 of them have"),
        (lambda: topics.topic_words(topics.class_tfidf(["a cat"], [0]), 0), "whole number from 1"),
        (lambda: topics.topic_words(topics.class_tfidf(["a cat"], [0]), diversity="0.5"), "from 0 to 1"),
        (lambda: topics.smooth(np.eye(3), rounds=-1), "rounds"),
        (lambda: topics.smooth(np.eye(3), n_neighbours=0), "n_neighbours"),
        (lambda: topics.neighbour_average(np.eye(3), n_neighbours=0), "n_neighbours"),
        (lambda: topics.reduce(np.eye(3), 0), "n_dimensions"),
        (lambda: topics.text_vectors("a text"), "takes a list"),
        (lambda: topics.text_vectors(["a", 3]), "are strings"),
    ],
)
def test_words_and_steps_explain_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_text_vectors_take_any_iterable():
    assert topics.text_vectors(iter(["A cat sleeps.", "Taxes rise."])).shape == (2, 385)


# Clusters


def test_cluster_finds_what_is_clearly_there():
    vectors, truth = blobs()
    assert adjusted_rand_score(truth, topics.cluster(vectors, 4)) == 1.0


def test_the_toy_texts_fall_into_their_three_groups():
    assert adjusted_rand_score(np.repeat([0, 1, 2], 4), topics.cluster(embed(TOY_TEXTS), 3)) == 1.0


def test_cluster_is_the_same_twice_and_for_every_order_and_length():
    vectors, _ = sample()
    labels = topics.cluster(vectors, 8)
    assert (topics.cluster(vectors, 8) == labels).all()
    order = np.random.default_rng(1).permutation(len(vectors))
    assert adjusted_rand_score(topics.cluster(vectors[order], 8), labels[order]) > 0.98
    assert adjusted_rand_score(topics.cluster(3 * vectors, 8), labels) > 0.98


def test_cluster_survives_the_noise_of_another_processor():
    vectors, _ = sample()
    noise = 1e-6 * np.random.default_rng(2).standard_normal(vectors.shape).astype(np.float32)
    assert adjusted_rand_score(topics.cluster(vectors, 8), topics.cluster(vectors + noise, 8)) > 0.95


def test_cluster_is_equal_on_one_and_two_threads():
    from threadpoolctl import threadpool_limits

    vectors, _ = sample()
    found = []
    for n in (1, 2):
        with threadpool_limits(n):
            found.append(topics.cluster(vectors, 8))
    assert adjusted_rand_score(*found) > 0.98


def test_labels_go_by_size_and_nobody_is_left_out():
    vectors, _ = sample()
    sizes = np.bincount(topics.cluster(vectors, 8), minlength=8)
    assert (np.diff(sizes) <= 0).all()
    assert sizes.sum() == len(vectors)
    assert sizes.min() > 0


def test_the_asked_share_is_left_out_and_the_others_stay():
    vectors, _ = blobs()
    whole, part = topics.cluster(vectors, 4), topics.cluster(vectors, 4, leave_out=0.1)
    assert (part == -1).sum() == 16
    assert (part[part >= 0] == whole[part >= 0]).all()


def test_one_cluster_and_as_many_as_texts():
    vectors, _ = blobs(2, 2)
    assert topics.cluster(vectors, 1).tolist() == [0, 0, 0, 0]
    assert sorted(topics.cluster(vectors, 4)) == [0, 1, 2, 3]


def test_identical_texts_are_one_cluster_and_cannot_be_two():
    same = np.tile(embed(["A cat sleeps."]), (30, 1))
    assert set(topics.cluster(same, 1)) == {0}
    with pytest.raises(InputError, match="30 there are 1"):
        topics.cluster(same, 2)


def test_copies_stay_together():
    vectors = np.repeat(embed(["A cat sleeps.", "Taxes rise.", "The Moon is far."]), [95, 4, 1], axis=0)
    labels = topics.cluster(vectors, 3)
    assert labels.tolist() == [0] * 95 + [1] * 4 + [2]


@pytest.mark.parametrize(
    ("vectors", "arguments", "message"),
    [
        (np.eye(3), {"n_topics": 4}, "ask for fewer groups"),
        (np.eye(3), {"n_topics": 0}, "n_topics"),
        (np.eye(3), {"n_topics": 2.0}, "n_topics"),
        (np.eye(3), {"n_topics": True}, "n_topics"),
        (np.eye(3), {"n_topics": 2, "seed": -1}, "seed"),
        (np.eye(3), {"n_topics": 2, "leave_out": 1}, "leave_out"),
        (np.eye(3), {"n_topics": 2, "leave_out": "1"}, "leave_out"),
        (np.eye(3), {"n_topics": 2, "leave_out": float("nan")}, "leave_out"),
        ([[1, 2], [3]], {"n_topics": 2}, "one length"),
        (np.zeros((3, 2)), {"n_topics": 2}, "zeros"),
        (np.array([[1.0, np.nan], [1.0, 0.0]]), {"n_topics": 2}, "not finite"),
        (np.ones(3), {"n_topics": 1}, "table"),
        (np.empty((0, 3)), {"n_topics": 1}, "table"),
        (np.array([["a", "b"]]), {"n_topics": 1}, "real numbers"),
    ],
)
def test_cluster_explains_bad_input(vectors, arguments, message):
    with pytest.raises(InputError, match=message):
        topics.cluster(vectors, **arguments)


def test_text_vectors_explain_an_empty_and_a_single_text():
    with pytest.raises(InputError, match="empty"):
        topics.text_vectors(["cat", " "])
    with pytest.raises(InputError, match="at least two"):
        topics.text_vectors(["cat"])
    assert topics.text_vectors(["cat", "cat", "cat"]).shape[0] == 3


def test_text_vectors_have_length_one():
    _, texts = sample()
    np.testing.assert_allclose(np.linalg.norm(topics.text_vectors(texts), axis=1), 1, rtol=1e-5)


def test_reduce_keeps_the_angles_that_pca_keeps():
    from sklearn.decomposition import PCA

    vectors, _ = blobs()
    reference = PCA(5).fit_transform(vectors)
    reference /= np.linalg.norm(reference, axis=1, keepdims=True)
    ours = topics.reduce(vectors, 5)
    np.testing.assert_allclose(ours @ ours.T, reference @ reference.T, atol=1e-8)


# Trees and pictures


def test_merging_goes_from_all_groups_to_one():
    vectors, _ = sample()
    labels = topics.cluster(vectors, 6)
    labels[:5] = -1
    tree = topics.topic_tree(vectors, labels)
    for n in range(1, 7):
        merged = topics.merge_topics(labels, tree, n)
        assert len(set(merged) - {-1}) == n
        assert (merged[:5] == -1).all()
        assert all(len(set(merged[labels == label])) == 1 for label in range(6))


def test_the_tree_is_scipys_over_the_middles_by_cosine():
    from scipy.cluster.hierarchy import linkage

    vectors, labels = blobs()
    centred = vectors - vectors.mean(axis=0)
    middles = np.stack([centred[labels == label].mean(axis=0) for label in range(4)])
    expected = linkage(middles, "average", metric="cosine")
    np.testing.assert_allclose(topics.topic_tree(vectors, labels), expected, rtol=1e-9)


@pytest.mark.parametrize("scale", [1.0, 1e-20, 1e20])
def test_groups_with_equal_middles_have_distance_zero(scale):
    same = scale * np.tile([[0.6, 0.8]], (4, 1))
    assert topics.topic_tree(same, [0, 0, 1, 1])[0].tolist() == [0, 1, 0, 2]
    crossed = scale * np.array([[1.0, 0.1], [-1.0, 0.3], [1.0, 0.3], [-1.0, 0.1]])  # both middles are (0, 0.2)
    assert topics.topic_tree(crossed, [0, 0, 1, 1])[0].tolist() == [0, 1, 0, 2]
    single = topics.topic_tree(same.astype(np.float32), [0, 1, 2, 2])
    assert single[:, 2].tolist() == [0, 0]


def test_a_group_in_the_very_middle_is_like_no_other():
    vectors = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    tree = topics.topic_tree(vectors, [0, 1, 2, 2])  # the middle of group 2 is that of all
    assert tree[0].tolist() == [0, 2, 1, 2]
    assert np.isfinite(tree).all()


def test_merging_leaves_as_many_groups_as_were_asked_for_where_distances_are_equal():
    labels = np.array([0, 0, 0, 1, 1, 2, 3])
    tree = topics.topic_tree(np.eye(4)[labels], labels)
    assert [len(set(topics.merge_topics(labels, tree, n))) for n in (4, 3, 2, 1)] == [4, 3, 2, 1]
    equal = topics.topic_tree(np.ones((3, 2)), [0, 1, 2])
    assert [len(set(topics.merge_topics([0, 1, 2], equal, n))) for n in (3, 2, 1)] == [3, 2, 1]


def test_merging_is_that_of_scipy_where_no_distances_are_equal():
    from scipy.cluster.hierarchy import fcluster

    vectors, _ = sample()
    labels = topics.cluster(vectors, 9)
    tree = topics.topic_tree(vectors, labels)
    for n in range(1, 10):
        assert adjusted_rand_score(topics.merge_topics(labels, tree, n), fcluster(tree, n, "maxclust")[labels]) == 1


def test_central_rows_of_equal_vectors_come_in_their_order():
    assert topics.nearest_to_centre(np.ones((3, 2)), [0, 0, 0], k=2) == {0: [0, 1]}
    assert topics.nearest_to_centre([[1, 0], [-1, 0]], [0, 0], k=5) == {0: [0, 1]}


TREE = np.array([[0, 1, 0.5, 2], [2, 3, 1, 3]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: topics.topic_tree(np.eye(3), [0, 0, 0]), "at least two groups"),
        (lambda: topics.topic_tree(np.eye(3), [0, -1, -1]), "at least two groups"),
        (lambda: topics.topic_tree(np.eye(3), [0, 1]), "one label for each row, 3 in all"),
        (lambda: topics.topic_tree(np.full((3, 2), np.nan), [0, 1, 2]), "not finite"),
        (lambda: topics.merge_topics([0, 1], TREE, 1), "of these labels"),
        (lambda: topics.merge_topics([0, 1, 2], TREE, 4), "n_topics"),
        (lambda: topics.merge_topics([0, 1, 2], TREE, 1.0), "n_topics"),
        (lambda: topics.merge_topics(["a", "b", "c"], TREE, 2), "whole numbers"),
        (lambda: topics.merge_topics([0.0, 1.0, 2.0], TREE, 2), "whole numbers"),
        (lambda: topics.merge_topics([0, 1, 2], None, 2), "topic_tree returns"),
        (lambda: topics.merge_topics([0, 1, 2], np.zeros((2, 2)), 2), "topic_tree returns"),
        (lambda: topics.merge_topics([0, 1, 2], TREE + 4, 2), "topic_tree returns"),
        (lambda: topics.merge_topics([0, 1, 2], np.zeros((2, 4)), 2), "topic_tree returns"),
        (lambda: topics.merge_topics([0, 1, 2], TREE * np.nan, 2), "topic_tree returns"),
        (lambda: topics.merge_topics([-1, -1], TREE[:0], 1), "no group"),
        (lambda: topics.nearest_to_centre(np.eye(3), [0, 1, 1], k=0), "k must"),
        (lambda: topics.nearest_to_centre(np.eye(3), [0, 1, 1], k=-1), "k must"),
        (lambda: topics.nearest_to_centre(np.eye(3), [0, 1, 1], k="3"), "k must"),
        (lambda: topics.nearest_to_centre(np.eye(3), [[0], [1, 2]]), "one label"),
    ],
)
def test_trees_and_centres_explain_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_the_map_is_valid_and_escapes_what_it_shows():
    points = np.random.default_rng(0).random((6, 2))
    titles = ["<script>", "A & B", '"quoted"', "x", "y", "z"]
    picture = topics.topic_map(points, [0, 0, 1, 1, -1, -1], ["<b>", "R&D"], titles)
    root = ElementTree.fromstring(picture)  # raises if a text was not escaped
    said = [node.text for node in root.iter("{http://www.w3.org/2000/svg}title")]
    assert said == titles[:4]
    assert "<script>" not in picture
    only = topics.topic_map(points, [0, 0, 1, 1, -1, -1], ["<b>", "R&D"], titles, chosen=1)
    assert only.count("<circle") == 2


def test_the_map_of_equal_places_and_of_nothing_is_valid():
    for points in (np.ones((3, 2)), np.empty((0, 2))):
        n = len(points)
        picture = topics.topic_map(points, [0] * n, ["a"], ["t"] * n)
        assert ElementTree.fromstring(picture).get("width") == "640"
        assert picture.count("<circle") == n


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"labels": [0]}, "a place, a label and a title"),
        ({"titles": ["t"]}, "a place, a label and a title"),
        ({"points": np.ones((2, 3))}, "a place, a label and a title"),
        ({"points": np.ones(2)}, "a place, a label and a title"),
        ({"points": [[0, np.nan], [1, 1]]}, "not finite"),
        ({"points": [["a", "b"], ["c", "d"]]}, "real numbers"),
        ({"labels": [0, 1]}, "has no name"),
        ({"labels": [0, -2]}, "has no name"),
        ({"labels": [0.0, 0.0]}, "whole numbers"),
        ({"names": "a"}, "takes a list"),
        ({"titles": "tu"}, "takes a list"),
        ({"chosen": 1}, "chosen"),
        ({"chosen": "a"}, "chosen"),
        ({"width": 0}, "width"),
        ({"width": "640"}, "width"),
    ],
)
def test_the_map_explains_bad_input(changed, message):
    arguments = {"points": np.eye(2), "labels": [0, 0], "names": ["a"], "titles": ["t", "u"]}
    topics.topic_map(**arguments)
    with pytest.raises(InputError, match=message):
        topics.topic_map(**arguments | changed)


def test_rounds_of_the_neighbours_average_are_what_smooth_does():
    rows = np.random.default_rng(0).normal(size=(40, 6))
    average = topics.neighbour_average(rows, 5)
    np.testing.assert_allclose(average.sum(axis=1), 1)
    assert average.diagonal().min() == 0.2, "each row is its own neighbour"
    once = unit_rows(average @ unit_rows(rows))
    np.testing.assert_allclose(unit_rows(average @ once), topics.smooth(rows, 5, rounds=2))
    np.testing.assert_array_equal(topics.smooth(rows, rounds=2, average=average), topics.smooth(rows, 5, rounds=2))
    with pytest.raises(InputError, match="as many rows and columns"):
        topics.smooth(rows[:9], average=average)


# Figures


def test_dot_rows_puts_the_first_row_on_top_and_its_mean_beside_it():
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    dot_rows(ax, ["one", "other"], [[0.2, 0.4], [0.5, 0.6, 1.0]], marked=1)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "other"]
    assert [text.get_text() for text in ax.texts] == ["0.30", "0.70"]
    assert ax.transData.transform((0, 0))[1] > ax.transData.transform((0, 1))[1]
    assert [line.get_xdata().tolist() for line in ax.lines if line.get_color() == "C1"] == [[0.4], [0.6]]
    plt.close(figure)
    with pytest.raises(InputError, match="name"):
        dot_rows(ax, ["one"], [[0.2], [0.3]])
    with pytest.raises(InputError, match="at least one"):
        dot_rows(ax, ["one"], [[]])


def test_k_means_round_draws_an_arrow_for_each_centre_that_moves():
    import matplotlib.pyplot as plt

    points, centres = np.array([[0.0, 0.0], [0.0, 2.0], [5.0, 5.0]]), np.array([[0.0, 0.0], [5.0, 5.0]])
    figure = k_means_round(points, [0, 0, 1], centres, np.array([[0.0, 1.0], [5.0, 5.0]]), "oos", "Round 1")
    (ax,) = figure.axes
    assert ax.get_title() == "Round 1"
    assert [tuple(arrow.xy) for arrow in ax.texts] == [(0.0, 1.0)]
    assert [len(dots.get_offsets()) for dots in ax.collections] == [2, 1], "one heap of dots for each sign"
    plt.close(figure)
    with pytest.raises(InputError, match="2 labels"):
        k_means_round(points, [0, 1], centres, centres, "oos")


def test_pairs_on_map_joins_the_places_of_a_pair_and_names_it():
    import matplotlib.pyplot as plt

    places = np.arange(8.0).reshape(4, 2)
    figure = pairs_on_map(places, [(0, 3), (1, 2)], ["a", "b", "c", "d"], "A map", every=2)
    (ax,) = figure.axes
    assert [line.get_xydata().tolist() for line in ax.lines] == [[[0, 1], [6, 7]], [[2, 3], [4, 5]]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a and\nd", "b and\nc"]
    assert ax.collections[0].get_offsets().tolist() == [[0, 1], [4, 5]], "every other place is a grey dot"
    plt.close(figure)
    with pytest.raises(InputError, match="3 titles"):
        pairs_on_map(places, [(0, 1)], ["a", "b", "c"], "A map")
