"""Let a language model propose keywords: the prompt, and what its answer lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from course_utils.common.errors import InputError
from course_utils.keywords.choice import check_text

MAX_CHARACTERS = 400  # of a text in a prompt
# Written for this prompt; in none of the articles.
EXAMPLES = (
    ("A lighthouse is a tower with a lamp that guides ships at night along a dangerous coast.", "lighthouse, ships"),
    ("Yoghurt is made when bacteria turn the sugar of warm milk into acid.", "yoghurt, bacteria, milk"),
    ("Maria Weber (1890 – 1961) was a Swiss botanist who collected alpine mosses.", "Maria Weber, botanist, mosses"),
)


def beginning(text: str) -> str:
    """Return what `keyword_prompt` shows of a text: its first 400 characters, without a word that would be cut.

    Examples
    --------
    >>> len(beginning("seventeen letters " * 30))
    395
    """
    text = " ".join(check_text(text).split())
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS].rsplit(" ", 1)[0]


def keyword_prompt(text: str) -> str:
    """Write the prompt that lets a language model go on with the keywords of a text, after three examples.

    Examples
    --------
    >>> print(keyword_prompt("Rain falls.")[-27:])
    Text: Rain falls.
    Keywords:
    """
    shown = "".join(f"Text: {example}\nKeywords: {keywords}\n\n" for example, keywords in EXAMPLES)
    return f"{shown}Text: {beginning(text)}\nKeywords:"


def propose(texts: Sequence[str], ask: Callable[[list[str]], Sequence[str]] | None = None) -> list[list[str]]:
    """Let a language model propose keywords for each text, whether or not they are in it.

    Parameters
    ----------
    texts : sequence of str
    ask : callable, optional
        Gets a list of prompts and returns an answer for each, for example one that `common.online.completion_server`
        makes for a larger model. When left out, SmolLM2 is asked by `grounding.generate_answers`; of an answer that
        reached its limit of tokens, what follows the last comma may be half a word and is dropped.

    Returns
    -------
    list of list of str
        What the answers hold between commas, in lower case, each phrase once.

    Raises
    ------
    InputError
        If ``texts`` is a single string, a text is empty, or ``ask`` does not return one answer for each prompt.

    Examples
    --------
    >>> propose(["Rain falls on Riga."], ask=lambda prompts: ["Rain, Riga, rain, snow." for _ in prompts])
    [['rain', 'riga', 'snow']]
    """
    if isinstance(texts, str):
        raise InputError("propose takes a list of texts: write propose([text])[0] for a single one.")
    prompts = [keyword_prompt(text) for text in texts]
    answers = list((ask or _finished_answers)(prompts))
    if len(answers) != len(prompts):
        raise InputError(f"ask must return one answer for each prompt: {len(answers)} came for {len(prompts)}.")
    lists = []
    for answer in answers:
        parts = (part.strip(" .;:\"'").lower() for part in re.split(r"[,\n]", answer))
        lists.append(list(dict.fromkeys(part for part in parts if part)))
    return lists


def _finished_answers(prompts: list[str]) -> list[str]:
    """Ask SmolLM2; of an answer that reached the limit of tokens drop what follows the last comma."""
    from course_utils.grounding import MOST_TOKENS, generate_answers
    from course_utils.tokens import load_tokenizer

    count = load_tokenizer("SmolLM2").encode
    return [
        answer.rpartition(",")[0] if len(count(f" {answer}")) >= MOST_TOKENS else answer
        for answer in generate_answers(prompts)
    ]
