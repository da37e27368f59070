"""Plausible wrong answers to the exercises of notebook 00, and a piece of the message that each must get."""

FEW = (
    "nearest = cosine_similarity(vectors[tested], np.stack([{} for name in names])).argmax(axis=1)\n"
    "few_right = np.mean(np.array(names)[nearest] == topics[tested])"
)
HITS = "hits = index.search({}, k=len(titles))\nfound = [titles[hit.position] for hit in hits]\nsnow_place = {}"
FALL = "sentence.replace('falls', 'fall')"
BY_SEARCH = "def answer_by_search(asked):\n    title = titles[index.search(asked, k=1)[0].position]\n    return {}"
MISTAKES = {
    "snow_place": [
        (HITS.format(FALL, "found.index('Snow')"), "start at 0"),
        (HITS.format(FALL, "len(found)"), "So many"),
        (HITS.format("sentence", "len(found)"), "So many"),
        (HITS.format("sentence.replace('that falls', '')", "1"), "by vectors"),
        (HITS.format("sentence.replace('falls', 'fall').split()[4]", "found.index('Snow') + 1"), "Not the place"),
        ("snow_place = 'Autumn'", "whole number"),
    ],
    "answer_by_search": [
        (BY_SEARCH.format("generate_answers([answer_prompt(asked, openings[title])])"), "with [0]"),
        (BY_SEARCH.format("generate_answers([answer_prompt(asked, title)])[0]"), "the title to read"),
        (BY_SEARCH.format("generate_answers([answer_prompt(asked)])[0]"), "nothing to read"),
        (BY_SEARCH.format("generate_answers([answer_prompt(asked, openings['Tungsten'])])[0]"), "should read"),
        (BY_SEARCH.format("answer_prompt(asked, openings[title])"), "returns the prompt"),
        (BY_SEARCH.format("title"), "returns a title"),
        (BY_SEARCH.format("None"), "gives nothing back"),
        ("answer_by_search = 'Tungsten'", "should be a function"),
    ],
    "few_right": [
        (FEW.format("vectors[examples & (topics == name)].mean(axis=0)"), "all examples"),
        (FEW.format("vectors[examples & (topics == name)][0]"), "one example"),
        (FEW.format("vectors[tested & (topics == name)][:10].mean(axis=0)"), "Not the share"),
        ("few_right = 66", "percentage"),
        ("few_right = topics == 'People'", "one share"),
    ],
    "jumbled_word": [
        ("jumbled_word = model.next_words(sentence, k=1)[0][0]", "right order"),
        ("jumbled_word = model.next_words(' '.join(sorted(sentence.split())), k=1)[0]", "[0][0]"),
        ("jumbled_word = model.next_words(''.join(sorted(sentence)), k=1)[0][0]", "joined by spaces"),
        ("jumbled_word = 7", "should be a word"),
    ],
    "n_tokens": [
        (
            "n_tokens = int(np.argmax(np.cumsum([p for _, p in model.next_words(sentence, k=1000)]) >= 0.9))",
            "start at 0",
        ),
        ("n_tokens = 25", "from the first"),
        ("n_tokens = 0.9", "whole number"),
        ("n_tokens = True", "whole number"),
    ],
}
