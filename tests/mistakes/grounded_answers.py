"""Plausible wrong answers to the exercises of notebook 07, and a piece of the message that each must get."""

PROMPT = "According to this text: {question} Answer in one short sentence."

FOLLOW = "[('', 1.0)] if text.endswith('.') else next_words(text, width)"
BEAM = """
def beam_search(next_words, width, steps):
    beams = [("", {first})]
    for _ in range(steps):
        longer = [(text + token, {then}) for text, p in beams for token, q in ({follow})]
        beams = sorted(longer, key=lambda beam: -beam[1])[:{keep}]
    return beams
"""

MISTAKES = {
    "retrieve": [
        ("retrieve = lambda q, vectors, k: np.argsort(vectors @ q)[:k]", "the farthest"),
        ("retrieve = lambda q, vectors, k: np.argsort(vectors @ q)[-k:]", "the second best first"),
        ("retrieve = lambda q, vectors, k: np.sort(vectors @ q)[::-1][:k]", "no scores"),
        ("retrieve = lambda q, vectors, k: np.argsort(-(vectors @ q))", "it returns 4"),
        ("retrieve = lambda q, vectors, k: int(np.argmax(vectors @ q))", "positions"),
        ("retrieve = lambda q, vectors, k: np.argsort(((vectors - q) ** 2).sum(axis=1))[1 : k + 1]", "(0, 1)"),
        ("retrieve = [1, 2]", "should be a function"),
    ],
    "write_prompt": [
        (f"write_prompt = lambda question, passage: chat_prompt([('user', f'{PROMPT}')])", "not in the prompt"),
        (
            f"write_prompt = lambda question, passage: chat_prompt([('user', f'{PROMPT}' + '\\n\\n' + passage[:700])])",
            "put the passage first",
        ),
        (f"write_prompt = lambda question, passage: passage + '\\n\\n' + f'{PROMPT}'", "marks around the turns"),
        (
            "write_prompt = lambda question, passage: chat_prompt([('user', passage + '\\n\\n' + question)])",
            "one short sentence",
        ),
        (
            f"write_prompt = lambda question, passage: chat_prompt([('user', passage + '\\n\\n' + f'{PROMPT}')])",
            "first 700 characters",
        ),
        (
            f"write_prompt = lambda question, passage: chat_prompt([('system', passage[:700]), ('user', f'{PROMPT}')])",
            "one message",
        ),
        (
            f"write_prompt = lambda question, passage: chat_prompt([('user', passage[:700] + ' ' + f'{PROMPT}')])",
            "differs from the printed prompt",
        ),
    ],
    "quote": [
        (
            "quote = lambda question, answer, passage:"
            " max(sentences(passage), key=lambda s: len(set(words(s)) & set(words(answer))))",
            "leave out STOP_WORDS",
        ),
        (
            "quote = lambda question, answer, passage:"
            " max(sentences(passage), key=lambda s: len((set(words(s)) & set(words(answer))) - STOP_WORDS))",
            "adds to the question",
        ),
        (
            "quote = lambda question, answer, passage: max(sentences(passage), key=lambda s:"
            " len((set(words(s)) & set(words(answer))) - STOP_WORDS - set(words(question))))",
            "the question decide",
        ),
        ("quote = lambda question, answer, passage: passage", "whole passage"),
        ("quote = lambda question, answer, passage: 0", "one of the sentences"),
    ],
    "judge": [
        ("verdicts = ['all'] * 8", "in 3 of 8"),
        ("verdicts = ['all', 'all', 'none', 'part', 'none', 'none', 'part', 'all']", "kind of horse"),
        ("verdicts = ['all', 'part', 'part', 'part', 'none', 'none', 'part', 'all']", "first sale"),
        ("verdicts = ['all', 'part', 'none']", "a list of 8"),
        ("verdicts = [True, False] * 4", "one of yours is True"),
        ("verdicts = 'all'", "a list of 8"),
    ],
    "ask": [
        (
            "def ask(question, search, generate, threshold):\n    score, passage = search(question)\n"
            "    answer = generate(answer_prompt(question, passage))\n"
            "    return answer, supporting_sentence(question, answer, passage)",
            "With a score of 0.2",
        ),
        (
            "def ask(question, search, generate, threshold):\n    score, passage = search(question)\n"
            "    answer = generate(answer_prompt(question, passage))\n    if score < threshold:\n"
            "        return 'I found nothing about that.', ''\n"
            "    return answer, supporting_sentence(question, answer, passage)",
            "only after the model",
        ),
        (
            "def ask(question, search, generate, threshold):\n    score, passage = search(question)\n"
            "    if score > threshold:\n        return 'I found nothing about that.', ''\n"
            "    answer = generate(answer_prompt(question, passage))\n"
            "    return answer, supporting_sentence(question, answer, passage)",
            "the other way",
        ),
        (
            "def ask(question, search, generate, threshold):\n    score, passage = search(question)\n"
            "    if score <= threshold:\n        return 'I found nothing about that.', ''\n"
            "    answer = generate(answer_prompt(question, passage))\n"
            "    return answer, supporting_sentence(question, answer, passage)",
            "refuse below it",
        ),
        (
            "def ask(question, search, generate, threshold):\n    score, passage = search(question)\n"
            "    answer = generate(answer_prompt(question))\n"
            "    return answer, supporting_sentence(question, answer, passage)",
            "another prompt",
        ),
        (
            "def ask(question, search, generate, threshold):\n    score, passage = search(question)\n"
            "    return generate(answer_prompt(question, passage))",
            "two strings",
        ),
        (
            "def ask(question, search, generate, threshold):\n    score, passage = search(question)\n"
            "    answer = generate(answer_prompt(question, passage))\n    return answer, passage",
            "by supporting_sentence",
        ),
    ],
    "refusal": [
        ("best_threshold = 0.9", "Try a lower one"),
        ("best_threshold = 0.0", "Try a higher one"),
        ("best_threshold = nearest[~has_one].max()", "lower"),
        ("best_threshold = 0.42", "Try a higher one"),
        ("best_threshold = 0.44", "You are near"),
        ("best_threshold = 0.4", "costs 27"),
        ("best_threshold = nearest", "should be a number"),
    ],
    "beam": [
        (BEAM.format(first="1.0", then="p * q", follow="next_words(text, width)", keep="width"), "it is finished"),
        (BEAM.format(first="0.0", then="p + q", follow=FOLLOW, keep="width"), "multiply"),
        (BEAM.format(first="1.0", then="p * q", follow=FOLLOW, keep="1"), "should keep 2"),
        (BEAM.format(first="1.0", then="p * q", follow=FOLLOW, keep="9"), "it returns 4"),
        (BEAM.format(first="0.5", then="p * q", follow=FOLLOW, keep="width"), "multiply"),
        ("beam_search = lambda next_words, width, steps: '12'", "list of pairs"),
        ("beam_search = '7.'", "should be a function"),
    ],
    "clean": [
        ("clean = lambda passage: passage", "still a mark"),
        ("clean = lambda passage: passage.split('<')[0]", "without marks"),
        ("clean = lambda passage: passage.split('<|')[0]", "Spaces in the marks"),
        ("clean = lambda passage: passage.replace('<|im_end|>', '').replace('<|im_start|>', '')", "BANANA is not"),
        ("clean = lambda passage: passage if '<|' not in passage else ''", "Of the passage itself"),
        ("clean = lambda passage: passage.replace('BANANA', '').split('<|')[0].lower()", "without marks"),
        ("clean = 'Riga'", "should be a function"),
    ],
}
