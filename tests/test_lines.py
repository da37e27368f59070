"""Lines that a language model writes: the same as one prompt at a time gives, and ended where a line ends."""

from __future__ import annotations

import pytest

from course_utils.common.errors import InputError
from course_utils.fine_tuning.lines import first_lines
from course_utils.transformer import NumPyLM

START = "Q: capital of France?\nA: Paris\n\nQ: capital of"
PROMPTS = [f"{START} Italy?\nA:", f"{START} Spain?\nA:", f"{START} Spain?\nA:"]


@pytest.fixture(scope="module")
def model():
    return NumPyLM.smollm2()


def test_lines_are_those_of_each_prompt_alone(model):
    alone = [model.generate(prompt, max_new_tokens=6).strip().split("\n")[0] for prompt in PROMPTS]
    assert first_lines(model, PROMPTS, max_new_tokens=6) == alone


def test_a_line_ends_where_the_model_begins_a_new_one(model):
    short, longer = (first_lines(model, PROMPTS[:1], max_new_tokens=most) for most in (6, 12))
    assert short == longer
    assert "\n" not in longer[0]


def test_a_long_line_is_cut(model):
    line = first_lines(model, ["Once upon a time, there was"], max_new_tokens=3)
    assert line == [model.generate("Once upon a time, there was", max_new_tokens=3).strip()]


def test_no_prompt_gives_no_line(model):
    assert first_lines(model, []) == []


@pytest.mark.parametrize(("prompts", "most"), [("a text", 3), (["a text"], 0)])
def test_what_is_no_list_or_no_number_is_refused(model, prompts, most):
    with pytest.raises(InputError):
        first_lines(model, prompts, most)
