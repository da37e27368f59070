"""Lines that a language model writes, each after a prompt."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from course_utils.common import DATA
from course_utils.common.checks import check_text_list, check_whole
from course_utils.common.files import read_results
from course_utils.transformer.kv_cache import KVCache

if TYPE_CHECKING:
    from course_utils.transformer.model import NumPyLM

MOST_TOKENS = 60  # of a line, unless it is said otherwise
STORED = DATA / "adapters" / "lines.json"


def first_lines(model: NumPyLM, prompts: Sequence[str], max_new_tokens: int = MOST_TOKENS) -> list[str]:
    """Return the first line that a model writes after each prompt, taking the likeliest token each time.

    What all prompts begin with, such as examples, is read once. Blank lines before the first word do not count.

    Parameters
    ----------
    model : NumPyLM
        The model as it is now: changed weights change the lines.
    prompts : sequence of str
        Texts in which names of special tokens count as these tokens.
    max_new_tokens : int
        A line that is not full by then is cut.

    Returns
    -------
    list of str
        A line for each prompt, ``""`` where the model ends its text at once.

    Examples
    --------
    >>> from course_utils.transformer import NumPyLM
    >>> first_lines(NumPyLM.smollm2(), ["The capital of France is", "The capital of Italy is"], max_new_tokens=1)
    ['Paris', 'Rome']
    """
    prompts, most = check_text_list("prompts", prompts), check_whole("max_new_tokens", max_new_tokens, 1)
    ids = [list(model.tokenizer.encode(prompt)) for prompt in prompts]
    alike = itertools.takewhile(lambda place: len(set(place)) == 1, zip(*(each[:-1] for each in ids), strict=False))
    shared = len(list(alike))
    cache = KVCache(model, min(max(map(len, ids), default=0) + most, model.context_length))
    if shared:
        model.last_logits(ids[0][:shared], cache)
    lines = []
    for each in ids:
        cache.reset(shared)
        new, written, line = each[shared:], [], ""
        while len(written) < most and "\n" not in line and cache.length + len(new) <= cache.capacity:
            token = int(model.last_logits(new, cache).argmax())
            if token in model.stop_ids:
                break
            new = [token]
            written += new
            line = model.tokenizer.decode(written).lstrip()
        lines.append((line.splitlines() or [""])[0].rstrip())
    return lines


def stored_lines() -> dict[str, Any]:
    """Return what SmolLM2 wrote about the articles that answer the development questions, and losses of two questions.

    ``titles`` names the articles and ``asked`` has a person's question for each. ``lines`` has four lists of lines,
    one line for each article: with the plain prompt, after four examples of two kinds, and with the course's update.
    ``losses`` has the mean loss of a question's tokens after the plain prompt, before and after the update, for the
    line after the riddles and for the person's question.

    Examples
    --------
    >>> sorted(stored_lines())
    ['asked', 'lines', 'losses', 'titles']
    """
    return read_results(STORED, "training/write_lines.py")
