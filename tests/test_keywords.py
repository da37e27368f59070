"""Keywords: candidates that stand in the text, maximal marginal relevance, and what a language model proposes."""

from __future__ import annotations

import http.server
import json
import threading
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import grounding
from course_utils.common.errors import CourseError, InputError
from course_utils.common.online import completion_server
from course_utils.embeddings import embed
from course_utils.keywords import (
    Highlighted,
    beginning,
    candidates,
    compare,
    correlation_lead,
    extract,
    group_similar,
    keep_words,
    keyword_prompt,
    mmr,
    nearest_other,
    propose,
    resampled_correlations,
    shared_words,
    stands_in,
    word_set,
)

TEXT = (
    "Honey is a sweet and viscous substance made by several species of bees, the best-known of which are honey bees. "
    "Bees produce honey by gathering and then refining the sugary secretions of plants."
)


def reference_mmr(text_vector, vectors, words, top_n, diversity):
    """KeyBERT's rule, written down from its definition with scikit-learn, one candidate at a time."""
    from sklearn.metrics.pairwise import cosine_similarity

    to_text = cosine_similarity(vectors, text_vector.reshape(1, -1))[:, 0]
    between = cosine_similarity(vectors)
    chosen, left = [], list(range(len(words)))
    while left and len(chosen) < top_n:
        worth = [
            (1 - diversity) * to_text[i] - diversity * max(between[i, j] for j in chosen) if chosen else to_text[i]
            for i in left
        ]
        chosen.append(left.pop(int(np.argmax(worth))))
    return [(words[i], to_text[i]) for i in chosen]


def test_candidates_worked_by_hand():
    assert candidates("Bees make honey, and the bees sleep.") == [
        "bees",
        "bees make",
        "make",
        "make honey",
        "honey",
        "bees sleep",
        "sleep",
    ]


def test_no_candidate_begins_or_ends_with_a_stop_word_or_crosses_a_comma():
    found = candidates("The theory of relativity, mass and energy (1905) are the same.", 3)
    assert "theory of relativity" in found
    assert "relativity mass" not in found
    assert not [phrase for phrase in found if phrase.split()[0] in ("the", "of") or phrase.endswith(("the", "of"))]
    assert "1905" not in found


@settings(max_examples=60)
@given(st.text(alphabet="abİßΣ \u0303\u0307\u00ad_,.(é’-\n", min_size=1).filter(str.strip), st.integers(1, 4))
def test_every_candidate_stands_in_the_text_once(text, max_words):
    found = candidates(text, max_words)
    assert len(set(found)) == len(found)
    assert all(len(phrase.split()) <= max_words for phrase in found)
    assert all(stands_in(phrase, text) for phrase in found)


def test_nouns_that_scikit_learn_stops_are_candidates():
    found = candidates("Fire is hot. The mill and the bill of a system.", 1)
    assert found == ["fire", "hot", "mill", "bill", "system"]
    assert candidates("It's what they’ve cannot") == []  # function words, joined by an apostrophe too


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sa\u0303o Paulo", ["são", "são paulo", "paulo"]),  # decomposed
        ("İstanbul", ["i\u0307stanbul"]),  # two characters in lower case
        ("ΟΔΟΣ", ["οδος"]),
        ("x\u0303y z\u0304z", ["x\u0303y", "x\u0303y z\u0304z", "z\u0304z"]),  # Unicode has no single character
        ("हिन्दी भाषा", ["हिन्दी", "हिन्दी भाषा", "भाषा"]),
        ("می\u200cشود", ["می\u200cشود"]),
        ("hon\u00adey bees", ["honey", "honey bees", "bees"]),  # with a hyphen that is seen at the end of a line only
        ("snake_case", ["snake", "case"]),
    ],
)
def test_candidates_are_whole_words_in_any_script_and_stand_in_the_text(text, expected):
    found = candidates(text)
    assert found == [unicodedata.normalize("NFC", phrase) for phrase in expected]
    assert all(stands_in(phrase, text) for phrase in found)


def test_mmr_worked_by_hand():
    # closeness 0.96, 0.936, 0.352 and 0.28; likeness to the first 0.8, 0.6 and 0.0
    vectors = np.array([[1.0, 0.0], [0.8, 0.6], [0.6, -0.8], [0.0, 1.0]])
    text = np.array([0.96, 0.28])
    assert mmr(text, vectors, 3, diversity=0.0) == [0, 1, 2]
    # at 0.6: 0.4 * 0.936 - 0.6 * 0.8 = -0.106; 0.4 * 0.352 - 0.6 * 0.6 = -0.219; 0.4 * 0.28 - 0 = 0.112
    assert mmr(text, vectors, 2, diversity=0.6) == [0, 3]
    # then the second is like the fourth by 0.6 and like the first by 0.8: -0.106 again; the third: -0.219
    assert mmr(text, vectors, 3, diversity=0.6) == [0, 3, 1]


@pytest.mark.parametrize("diversity", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_mmr_is_that_of_the_reference(diversity):
    rng = np.random.default_rng(0)
    for size in (1, 3, 20):
        vectors = rng.normal(size=(size, 6))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        text = vectors.sum(axis=0) / np.linalg.norm(vectors.sum(axis=0))
        words = [str(number) for number in range(size)]
        expected = [int(word) for word, _ in reference_mmr(text, vectors, words, 5, diversity)]
        assert mmr(text, vectors, 5, diversity) == expected


def test_mmr_takes_a_relevance_that_is_no_cosine():
    vectors = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    # by relevance alone 1, 0, 2; at 0.5 the first loses 0.8 / 2 to the second, and the last 0.6 / 2: 0.05 and -0.25
    assert mmr(None, vectors, 3, 0.0, relevance=[0.9, 1.0, 0.1]) == [1, 0, 2]
    assert mmr(None, vectors, 2, 0.5, relevance=[0.9, 1.0, 0.1]) == [1, 0]
    assert mmr(None, vectors, 2, 0.5, relevance=[0.2, 1.0, 0.1]) == [1, 2]  # -0.3 and -0.25
    text = np.array([0.96, 0.28])
    assert mmr(None, vectors, 3, 0.6, relevance=vectors @ text) == mmr(text, vectors, 3, 0.6)


@pytest.mark.parametrize("diversity", [0.0, 0.5, 0.8])
def test_extract_is_that_of_the_reference(diversity):
    words = candidates(TEXT)
    expected = reference_mmr(embed([TEXT])[0], embed(words), words, 5, diversity)
    found = extract(TEXT, 5, diversity)
    assert [keyword.text for keyword in found] == [word for word, _ in expected]
    assert [keyword.score for keyword in found] == pytest.approx([score for _, score in expected], abs=1e-5)


@pytest.mark.parametrize("diversity", [0.0, 0.5, 0.8])
def test_extract_is_that_of_keybert(diversity):
    mmr_of_keybert = pytest.importorskip("keybert._mmr", reason="KeyBERT is not among the course's packages").mmr
    words = candidates(TEXT)
    expected = mmr_of_keybert(embed([TEXT]), embed(words), words, 5, diversity)
    found = sorted(extract(TEXT, 5, diversity), key=lambda keyword: -round(keyword.score, 4))
    assert [keyword.text for keyword in found] == [word for word, _ in expected]
    assert [keyword.score for keyword in found] == pytest.approx([score for _, score in expected], abs=1e-4)


def test_chosen_candidates_are_the_only_ones():
    assert {keyword.text for keyword in extract(TEXT, phrases=["Plants", "species of bees"])} == {
        "Plants",
        "species of bees",
    }
    assert [keyword.text for keyword in extract(TEXT, 5, phrases=["bees", "bees"])] == ["bees"]
    assert extract(TEXT, phrases=[]) == []


def test_a_text_of_stop_words_has_no_keywords():
    assert extract("To be or not to be.") == []


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (lambda: extract(""), "empty text has no keywords"),
        (lambda: extract(" \n"), "empty text has no keywords"),
        (lambda: extract(None), "NoneType"),
        (lambda: candidates(["a"]), "list"),
        (lambda: candidates("a b", 0), "whole number from 1"),
        (lambda: stands_in("a", None), "NoneType"),
        (lambda: Highlighted(3, ("a",)), "int"),
        (lambda: Highlighted("a", "a"), "takes a list"),
        (lambda: Highlighted("a", (3,)), "int"),
        (lambda: propose(["a text"], lambda prompts: []), "one answer for each"),
        (lambda: propose([3]), "int"),
        (lambda: extract(TEXT, phrases=["honey", "university honey"]), "'university honey' is not in the text"),
        (lambda: extract(TEXT, phrases=["hone"]), "'hone' is not in the text"),
        (lambda: extract(TEXT, phrases=["honey", 3]), "int"),
        (lambda: extract(TEXT, phrases="honey"), "takes a list"),
        (lambda: extract(TEXT, 0), "whole number from 1"),
        (lambda: extract(TEXT, diversity=1.5), "from 0 to 1"),
        (lambda: extract(TEXT, diversity=float("nan")), "from 0 to 1"),
        (lambda: mmr(np.ones(2), np.ones((0, 2)), 3), "do not fit"),
        (lambda: mmr(np.ones(3), np.ones((4, 2)), 3), "do not fit"),
        (lambda: mmr(None, np.ones((4, 2)), 3), "do not fit"),
        (lambda: mmr(None, np.ones((4, 2)), 3, relevance=[1, 2]), "do not fit"),
        (lambda: mmr(np.ones(2), np.ones((4, 2)), 3, relevance=np.ones(4)), "not both"),
        (lambda: mmr(np.array([np.nan, 1]), np.ones((4, 2)), 3), "not finite"),
        (lambda: mmr(np.ones(2), np.full((4, 2), np.inf), 3), "not finite"),
        (lambda: mmr(None, np.ones((2, 2)), 3, relevance=[1, np.nan]), "not finite"),
        (lambda: extract(TEXT, diversity="0.5"), "from 0 to 1"),
        (lambda: group_similar(np.eye(2), "0.5"), "above 0"),
        (lambda: group_similar(np.eye(2), float("nan")), "above 0"),
        (lambda: group_similar(np.ones(2), 0.5), "a row for each text"),
        (lambda: group_similar([[1.0, np.nan]], 0.5), "not finite"),
        (lambda: group_similar(np.eye(2), 0), "above 0"),
        (lambda: propose("a text"), "list of texts"),
        (lambda: propose(["a text", ""]), "empty"),
    ],
)
def test_what_has_no_answer_is_refused_with_a_remedy(call, remedy):
    with pytest.raises(InputError, match=remedy):
        call()


@pytest.mark.parametrize(
    ("phrase", "text", "right"),
    [
        ("Honey", "honey.", True),
        ("one", "honey", False),
        ("bees", "bee", False),
        ("c++", "In C++ one", True),
        ("space  time", "space\ntime", True),
        ("", "anything", False),
        ("a.b", "axb", False),
        ("fish", "fish-like", True),
        ("são paulo", "In Sa\u0303o Paulo", True),
        ("Sa\u0303o", "são", True),
        ("sa", "Sa\u0303o", False),
        ("sao", "são", False),
        ("İSTANBUL", "i\u0307stanbul", True),
        ("strasse", "Straße", True),
        ("s", "ß", False),
        ("ΟΔΌΣ", "οδός", True),
        ("हिन", "हिन्दी", False),
        ("서", "서울", False),
        ("honey", "hon\u00adey", True),
        ("case", "snake_case", True),
    ],
)
def test_what_stands_in_a_text(phrase, text, right):
    assert stands_in(phrase, text) is right


def test_near_copies_are_grouped_and_all_rows_are_somewhere():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 8))
    vectors = np.concatenate([vectors, vectors + 0.01])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = group_similar(vectors, 0.99)
    assert sorted(row for group in groups for row in group) == list(range(60))
    assert len(groups) == 30
    assert all(row - 30 in group for group in groups for row in group if row >= 30)
    assert group_similar(vectors[:0], 0.9) == []


def test_the_model_is_asked_once_for_each_text_and_its_list_is_tidied():
    asked = []

    def ask(prompts):
        asked.extend(prompts)
        return [" Rain, “Riga”, rain., , Old Town", ""]

    assert propose(["Rain falls.", "Snow falls."], ask) == [["rain", "“riga”", "old town"], []]
    assert asked == [keyword_prompt("Rain falls."), keyword_prompt("Snow falls.")]


def test_without_another_the_course_s_model_is_asked(monkeypatch):
    monkeypatch.setattr(grounding, "generate_answers", lambda prompts: ["one, two"] * len(prompts))
    assert propose(["a text"]) == [["one", "two"]]


def test_an_answer_that_reached_the_limit_loses_what_follows_its_last_comma(monkeypatch):
    cut_off, finished = ", ".join(["rain"] * 11 + ["snow", "ha"]), "rain, snow"
    monkeypatch.setattr(grounding, "generate_answers", lambda prompts: [cut_off, finished])
    assert propose(["one", "two"]) == [["rain", "snow"], ["rain", "snow"]]


def test_a_prompt_is_one_line_of_text_and_not_too_long():
    prompt = keyword_prompt("word\n\nKeywords: x " * 200)
    assert prompt.endswith("\nKeywords:")
    assert len(prompt.splitlines()[-2]) < 420


def test_a_server_answers_and_a_missing_one_is_told_in_a_sentence():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            wish = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = {"choices": [{"text": f" {wish['model']}, {wish['prompt'][-9:-1]}"}]}
            content = json.dumps(reply if self.path == "/v1/completions" else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{listening.server_port}"
        assert propose(["Rain falls."], completion_server(f"{address}/v1/", "big")) == [["big", "keywords"]]
        with pytest.raises(CourseError, match="goes on without"):
            completion_server(address, "big")(["a prompt"])
        listening.shutdown()
        thread.join()
    with pytest.raises(CourseError, match="goes on without"):
        completion_server(f"{address}/v1", "big")(["a prompt"])


def test_marked_text_is_escaped_and_whole():
    shown = Highlighted("<b>Honey</b> & honey bees", ("honey", "honey bees", "b"))
    assert "<b>" not in shown.html
    assert shown.html.count("<mark") == 4
    assert repr(shown) == "<[b]>[Honey]</[b]> & [honey bees]"
    assert repr(Highlighted("text", ())) == "text"


@pytest.mark.parametrize(
    ("keywords", "shown"),
    [
        (("bees produce", "produce honey"), "[Bees produce honey], and [bees produce] wax."),
        (("produce", "bees produce honey"), "[Bees produce honey], and bees [produce] wax."),
        (("bees", "produce"), "[Bees] [produce] honey, and [bees] [produce] wax."),
    ],
)
def test_keywords_that_share_a_word_get_one_mark(keywords, shown):
    assert repr(Highlighted("Bees produce honey, and bees produce wax.", keywords)) == shown


@pytest.mark.parametrize(
    ("text", "keyword", "shown"),
    [
        ("In Sa\u0303o Paulo.", "são paulo", "In [Sa\u0303o Paulo]."),
        ("In São Paulo.", "sa\u0303o", "In [São] Paulo."),
        ("Zu İstanbul, İzmir ab.", "izmir", "Zu İstanbul, İzmir ab."),
        ("Zu İstanbul, İzmir ab.", "i\u0307zmir", "Zu İstanbul, [İzmir] ab."),
        ("İİİ große Straße, groß", "grosse strasse", "İİİ [große Straße], groß"),
        ("हिन्दी भाषा", "भाषा", "हिन्दी [भाषा]"),
    ],
)
def test_marks_lie_where_the_words_are_in_the_original(text, keyword, shown):
    assert repr(Highlighted(text, (keyword,))) == shown


def test_a_list_is_cut_before_it_holds_too_many_words_and_keeps_its_first_phrase():
    phrases = ["produce honey", "honey bees", "the bee", "hive"]
    assert keep_words(phrases, 4) == phrases
    assert keep_words(phrases, 3) == phrases[:3]  # the third adds no word
    assert keep_words(phrases, 1) == phrases[:1]
    assert keep_words([], 4) == []


def test_the_scores_of_methods_are_f1_and_the_mean_over_draws(capsys):
    lists = [
        {"ours": [["honey bees"]], "chance": [["honey"], ["thick", "hive"]]},
        {"ours": [["igloo"]], "chance": [["snow"], ["igloo"]]},
    ]
    scores = compare(lists, [word_set("honey", "bees"), word_set("igloo", "snow")], "ours")
    np.testing.assert_allclose(scores["ours"], [[1, 2 / 3], [1, 2 / 3]])
    np.testing.assert_allclose(scores["chance"], [[1 / 3, 2 / 3], [1 / 3, 2 / 3]])
    printed = capsys.readouterr().out
    assert "ours                     1.5   0.83" in printed
    assert "chance                   1.2   0.50  +0.00 to +0.67    0.50  +0.00 to +0.67" in printed
    with pytest.raises(InputError, match="wanted words"):
        compare(lists, [], "ours")
    with pytest.raises(InputError, match="no method"):
        compare(lists, [set(), set()], "theirs")


def test_a_long_list_is_scored_a_second_time_with_four_words(capsys):
    scores = compare([{"long": [["a1", "b1", "c1", "d1", "e1", "f1"]]}], [{"a1"}], "long")
    np.testing.assert_allclose(scores["long"][:, 0], [2 / 7, 2 / 5])


def test_without_a_best_method_the_means_are_printed_alone(capsys):
    scores = compare([{"ours": [["honey bees"]], "other": [["igloo"]]}], [word_set("honey", "bees")])
    assert scores["ours"].tolist() == [[1], [1]]
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "1 texts"
    assert printed[3:] == [f"{'ours':22}   2.0   1.00           1.00", f"{'other':22}   1.0   0.00           0.00"]
    assert printed[2].index("five") == printed[3].index("1.00")
    assert printed[2].index("at most") == printed[3].rindex("1.00")


def test_the_second_count_can_be_left_out_of_the_print(capsys):
    lists, wanted = [{"ours": [["honey bees"]], "other": [["igloo"]]}], [word_set("honey", "bees")]
    scores = compare(lists, wanted, "ours", cut=False)
    assert scores["ours"].tolist() == [[1], [1]]
    printed = capsys.readouterr().out.splitlines()
    assert printed[2].endswith("five phrases")
    assert printed[4] == f"{'other':22}   1.0   0.00  +1.00 to +1.00"


def test_words_that_lists_share_are_counted_for_each_pair_and_draw():
    lists = [[["honey bees"], ["snow"]], [["a bee"], ["snow"]], [[], ["ice", "b1 c1 d1 snow"]]]
    np.testing.assert_allclose(shared_words(lists, 4), [[2 / 3, 0, 0], [1, 0, 0]])
    np.testing.assert_allclose(shared_words(lists, 9), [[2 / 3, 0, 0], [1, 1 / 3, 1 / 3]])


def test_resampled_correlations_are_those_of_the_drawn_pairs():
    rng = np.random.default_rng(1)
    n, (a, b) = 12, np.triu_indices(12, k=1)
    ratings = rng.random((n, n))
    shared = rng.random((2, len(a)))
    shared[1] = 0  # no pair shares a word: left out
    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=3)
    for times, found in zip(drawn, resampled_correlations(shared, ratings, 3, seed=0), strict=True):
        often = times[a] * times[b]
        right = np.corrcoef(np.repeat(shared[0], often), np.repeat(ratings[a, b], often))[0, 1]
        assert found == pytest.approx(right)
    assert np.isnan(resampled_correlations(shared[1:], ratings, 3)).all()
    with pytest.raises(InputError, match="66 pairs"):
        resampled_correlations(shared[:, :5], ratings)
    ahead = resampled_correlations(shared[:1], ratings) - resampled_correlations(-shared[:1], ratings)
    low, high = np.quantile(ahead, [0.025, 0.975])
    assert correlation_lead(shared[:1], -shared[:1], ratings) == f"{low:+.2f} to {high:+.2f}"


def test_the_nearest_other_row_is_found_in_blocks_of_any_size():
    vectors = np.random.default_rng(2).normal(size=(23, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T - 9 * np.eye(23)
    for at_once in (1, 7, 23, 100):
        np.testing.assert_allclose(nearest_other(vectors, at_once), cosines.max(axis=1), atol=1e-6)
    with pytest.raises(InputError, match="at least two"):
        nearest_other(vectors[:1])


def test_the_beginning_of_a_text_is_what_a_prompt_shows():
    text = "seventeen  letters\n" * 40
    assert len(beginning(text)) <= 400
    assert keyword_prompt(text).endswith(f"Text: {beginning(text)}\nKeywords:")
    assert beginning(" one\n two ") == "one two"


def test_brackets_of_a_text_are_no_marks():
    assert repr(Highlighted("(a) [b]", ("",))) == "(a) [b]"
