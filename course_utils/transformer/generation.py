"""From scores to text: the choice of the next token, the loop that writes on, and the format of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.attention import softmax
from course_utils.common.checks import check_logits, check_number, check_whole
from course_utils.common.errors import InputError
from course_utils.transformer.kv_cache import KVCache, check_input

if TYPE_CHECKING:
    from course_utils.tokens.base import BaseTokenizer
    from course_utils.transformer.model import NumPyLM

Messages = Sequence[tuple[str, str]]
ROLES = ("system", "user", "assistant")
OWN_SYSTEM_MESSAGE = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
START, END = "<|im_start|>", "<|im_end|>"  # of one message
SPECIAL_TOKENS = (  # of SmolLM2
    *(START, END, "<|endoftext|>", "<repo_name>", "<reponame>", "<file_sep>", "<filename>", "<gh_stars>"),
    *("<issue_start>", "<issue_comment>", "<issue_closed>", "<jupyter_start>", "<jupyter_text>", "<jupyter_code>"),
    *("<jupyter_output>", "<jupyter_script>", "<empty_output>"),
)


def sampling_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """Return the probability with which each token is drawn: temperature first, then top-k, then top-p.

    Parameters
    ----------
    logits : ndarray, shape (n_vocabulary,)
        The scores after one position; minus infinity is never drawn.
    temperature : float
        What the logits are divided by; 0 puts everything on the highest.
    top_k : int, optional
        Keep this many of the likeliest tokens; those that tie with the last one stay too.
    top_p : float, optional
        Keep the fewest likeliest tokens whose probabilities reach this sum (nucleus sampling, Holtzman et al., 2019,
        https://arxiv.org/abs/1904.09751).

    Returns
    -------
    ndarray of float64, shape (n_vocabulary,)

    Raises
    ------
    InputError
        If an argument is out of range, or the logits are more than one row or hold NaN.

    Examples
    --------
    >>> scores = np.log([0.5, 0.3, 0.2])
    >>> sampling_probabilities(scores, temperature=0.5).round(3)
    array([0.658, 0.237, 0.105])
    >>> sampling_probabilities(scores, top_k=2).round(3)
    array([0.625, 0.375, 0.   ])
    >>> sampling_probabilities(scores, top_p=0.4).round(3)
    array([1., 0., 0.])
    """
    logits = check_logits(logits).astype(np.float64)
    _check_sampling(temperature, top_k, top_p, len(logits))
    if temperature == 0:
        return np.eye(1, len(logits), int(logits.argmax()))[0]
    probabilities = softmax((logits - logits.max()) / temperature)
    if top_k is not None:
        probabilities[probabilities < np.partition(probabilities, -top_k)[-top_k]] = 0
        probabilities /= probabilities.sum()
    if top_p is not None:
        order = np.argsort(-probabilities, kind="stable")
        before = np.cumsum(probabilities[order]) - probabilities[order]  # what the likelier ones have together
        probabilities[order[before >= top_p]] = 0
        probabilities /= probabilities.sum()
    return probabilities


def next_words(model: NumPyLM, text: str, k: int = 10) -> list[tuple[str, float]]:
    """Return the ``k`` likeliest next tokens after a text, each with its probability: see `NumPyLM.next_words`."""
    k = check_whole("k", k, 1, len(model.embedding))
    probabilities = softmax(model.last_logits(model.tokenizer.encode(text)))
    best = np.argsort(-probabilities, kind="stable")[:k]
    return [(model.tokenizer.decode([int(token)]), float(probabilities[token])) for token in best]


def generate_ids(
    model: NumPyLM,
    ids: Sequence[int],
    max_new_tokens: int,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
) -> Iterator[int]:
    """Yield the ids of the tokens that a model writes after ``ids``, each as soon as it is known.

    Arguments and errors are those of `NumPyLM.generate`.

    Examples
    --------
    >>> from course_utils.transformer import NumPyLM
    >>> list(generate_ids(NumPyLM.smollm2(), [504, 3575, 282, 4649, 314], max_new_tokens=2))
    [7042, 30]
    """
    max_new_tokens = check_whole("max_new_tokens", max_new_tokens, 1)
    _check_sampling(temperature, top_k, top_p, len(model.embedding))
    rng = np.random.default_rng(None if seed is None else check_whole("seed", seed, 0))
    ids = check_input(model, ids)

    def pick(logits: np.ndarray) -> int:
        if temperature == 0:
            return int(logits.argmax())
        return int(rng.choice(len(logits), p=sampling_probabilities(logits, temperature, top_k, top_p)))

    def write() -> Iterator[int]:
        cache = KVCache(model, min(len(ids) + max_new_tokens, model.context_length))
        new = ids
        for _ in range(max_new_tokens):
            token = pick(model.last_logits(new, cache))
            if token in model.stop_ids:
                return
            yield token
            if cache.length == cache.capacity:
                return
            new = np.array([token])

    return write()  # a generator of its own, so that wrong arguments are refused before the first token is asked for


def beam_search(
    next_words: Callable[[str, int], Sequence[tuple[str, float]]],
    width: int,
    steps: int,
    end: str | tuple[str, ...] = ".",
) -> list[tuple[str, float]]:
    """Return the likeliest continuations that a beam search finds, the likeliest first.

    Parameters
    ----------
    next_words : callable
        Gets the continuation so far and a number; returns that many of the likeliest next tokens with probabilities.
    width : int
        How many continuations are kept in each step; 1 is greedy decoding.
    steps : int
        How many tokens a continuation may have.
    end : str or tuple of str
        A continuation that ends with this, or with one of these, is finished, and is kept or dropped like the others.

    Returns
    -------
    list of (str, float)
        Each with the product of the probabilities of its tokens.

    Examples
    --------
    >>> table = {"": [("1", 0.6), ("7", 0.4)], "1": [("2", 0.5), ("0", 0.5)], "7": [(".", 0.9), ("0", 0.1)]}
    >>> beam_search(lambda text, k: table[text][:k], width=1, steps=2)
    [('12', 0.3)]
    >>> [text for text, _ in beam_search(lambda text, k: table[text][:k], width=2, steps=2)]
    ['7.', '12']
    """
    width, steps = check_whole("width", width, 1), check_whole("steps", steps, 1)
    if "" in ((end,) if isinstance(end, str) else end):
        raise InputError("Every text ends with the empty one, so nothing would be written: give end a text.")
    beams = [("", 1.0)]
    for _ in range(steps):
        longer = []
        for text, p in beams:
            following = [("", 1.0)] if text.endswith(end) else next_words(text, width)
            longer += [(text + token, p * q) for token, q in following]
        beams = sorted(longer, key=lambda beam: -beam[1])[:width]
    return beams


def chat_prompt(messages: Messages, special: str = "refuse") -> str:
    """Write a conversation the way SmolLM2 was trained to read one, up to the place where its answer begins.

    Parameters
    ----------
    messages : sequence of (role, text)
        Roles are ``"system"``, ``"user"`` and ``"assistant"``. Without a system message the model's own is put first.
    special : {"refuse", "allow"}
        What to do with the name of a special token inside a text, such as ``<|im_end|>``. A prompt is one string, in
        which `NumPyLM.generate` cannot tell a name that a stranger typed from one of the template: it takes both for
        the special token. So such a text is refused unless you allow it; `chat_ids` reads it as plain text.

    Returns
    -------
    str
        The prompt for `NumPyLM.generate`.

    Raises
    ------
    InputError
        If the messages are not pairs of a role and a text, or a text holds the name of a special token.

    Examples
    --------
    >>> print(chat_prompt([("system", "Be brief."), ("user", "Hi!")]))
    <|im_start|>system
    Be brief.<|im_end|>
    <|im_start|>user
    Hi!<|im_end|>
    <|im_start|>assistant
    """
    messages = _checked(messages)
    if special not in ("refuse", "allow"):
        hint = ": chat_ids reads names as plain text" if special == "text" else ""
        raise InputError(f'special must be "refuse" or "allow", and {special!r} is not{hint}.')
    for role, text in messages:
        if special == "refuse" and (found := next((name for name in SPECIAL_TOKENS if name in text), None)):
            raise InputError(
                f"A text of the {role} holds {found}, which the model would read as a special token (notebook 01 shows "
                'such an attack): pass what chat_ids returns, which reads it as plain text, or special="allow".'
            )
    return "".join(f"{START}{role}\n{text}{END}\n" for role, text in messages) + f"{START}assistant\n"


def chat_ids(messages: Messages, tokenizer: BaseTokenizer) -> list[int]:
    """Return a conversation as token ids, in which only the template's own marks are special tokens.

    The ids are those of `chat_prompt`, for `NumPyLM.generate` too; but whatever a text holds is read as plain text, so
    that nobody can begin a message in another's name. Messages and errors are those of `chat_prompt`.

    Examples
    --------
    >>> from course_utils.tokens import load_tokenizer
    >>> tokenizer = load_tokenizer("SmolLM2")
    >>> ids = chat_ids([("system", "Be brief."), ("user", "Hi!<|im_end|>")], tokenizer)
    >>> [token for token in ids if token in tokenizer.special_tokens.values()], ids.count(tokenizer.special_tokens[END])
    ([1, 2, 1, 2, 1], 2)
    """
    try:
        start, end = (tokenizer.special_tokens[name] for name in (START, END))
    except (AttributeError, KeyError):
        raise InputError(f"The tokenizer has no {START} and {END}: pass model.tokenizer of SmolLM2.") from None
    ids: list[int] = []
    for role, text in _checked(messages):
        ids += [start, *tokenizer.encode(f"{role}\n{text}", special="text"), end, *tokenizer.encode("\n")]
    return [*ids, start, *tokenizer.encode("assistant\n")]


def _checked(messages: Messages) -> list[tuple[str, str]]:
    """Return the messages of a conversation, with the model's own system message where there is none."""
    if isinstance(messages, str) or not isinstance(messages, Sequence) or not messages:
        raise InputError('messages must be a list of (role, text) pairs: [("user", "Hi!")] is one question.')
    for message in messages:
        fits = (
            isinstance(message, tuple | list) and len(message) == 2 and all(isinstance(part, str) for part in message)
        )
        if not fits or message[0] not in ROLES:
            raise InputError(
                f"A message is a pair of role and text, and {message!r} is not: the roles are {', '.join(ROLES)}, and "
                '[("user", "Hi!")] is a conversation of one message.'
            )
    own = [] if messages[0][0] == "system" else [("system", OWN_SYSTEM_MESSAGE)]
    return [*own, *map(tuple, messages)]


def _check_sampling(temperature: float, top_k: int | None, top_p: float | None, n_vocabulary: int) -> None:
    check_number("temperature", temperature, least=0)
    if top_k is not None:
        check_whole("top_k", top_k, 1, n_vocabulary)
    if top_p is not None and check_number("top_p", top_p, least=0, most=1) == 0:
        raise InputError("top_p must be above 0: a probability of 0 leaves no token.")
