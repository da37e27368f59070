"""What the training scripts decide before they train; none of them is run here."""

from __future__ import annotations

import doctest

import pytest
from house import ROOT, training_scripts

FOLDER = ROOT / "training"
LICENCE = "  1 This software and database is being provided to you, the LICENSEE, by Princeton  \n"
LEOPARD = '02128385 05 n 02 snow_leopard 0 ounce 1 001 @ 02127808 n 0000 | large feline; of Asia; "it is rare"  \n'
UNIT = "13720096 23 n 02 ounce 0 oz. 0 001 @ 13719541 n 0000 | a unit of weight  \n"


@pytest.fixture(scope="module")
def script():
    with training_scripts() as load:
        yield load


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_importing_a_script_trains_nothing_and_its_examples_hold(script, path):
    assert doctest.testmod(script(path.stem)).failed == 0


def test_definitions_by_hand(script):
    found = script("train_reranker").definitions(LICENCE + LEOPARD + UNIT)
    assert found == {
        "snow leopard": ["large feline; of Asia"],
        "ounce": ["large feline; of Asia", "a unit of weight"],  # two senses
        "oz.": ["a unit of weight"],
    }


def test_definitions_count_the_words_in_hexadecimal(script):
    words = " ".join(f"Word_{number} 0" for number in range(10, 22))  # twelve, which is 0c
    found = script("train_reranker").definitions(f"00001740 03 n 0c {words} 000 | something; 'quoted' inside\n")
    assert sorted(found) == [f"word {number}" for number in range(10, 22)]
    assert set(map(tuple, found.values())) == {("something; 'quoted' inside",)}


def test_a_definition_ends_where_its_examples_begin(script):
    facts = "02128385 05 n 01 ounce 0 001 @ 02127808 n 0000"
    line = f'{facts} | large feline; of "high" Asia; "it is rare; and shy"; "so it is"'
    assert script("train_reranker").definitions(line)["ounce"] == ['large feline; of "high" Asia']


def test_nothing_is_defined_by_examples_or_the_licence(script):
    definitions = script("train_reranker").definitions
    assert definitions("") == definitions(LICENCE) == {}
    assert definitions('00001740 03 n 01 thing 0 000 | "a thing"; "two things"\n') == {"thing": [""]}


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("which animal has the longest neck?", True),
        ("Why is it so?", True),  # four words, twelve characters before the mark: the shortest
        ("Why is it s?", False),
        ("which animal, really?", False),  # three words
        ("which animal has the longest neck", False),
        ("which animal has the longest neck? A", False),
        ("which animal? which one of all animals?", False),
        ("which animal\nhas the longest neck?", False),
        ("which animal has the longest neck?\n", False),
        (f"who {'is ' * 35}a?", True),  # 110 characters before the mark: the longest
        (f"who {'is ' * 35}an?", False),
        ("", False),
        ("?", False),
    ],
)
def test_a_question_is_one_whole_line_of_some_words(script, line, is_one):
    assert script("write_questions").is_question(line) is is_one


def test_a_hard_label_gives_everything_to_the_favourite(script):
    from course_utils.fine_tuning.reranker import Example

    soft = Example("what shines by day", (7, 4, 9), (0.3, 0.2, 0.5))
    hard = script("measure_reranker").hardened(soft)
    assert hard == Example("what shines by day", (7, 4, 9), (0.0, 0.0, 1.0))
    assert hard.ranked[0] == soft.ranked[0]


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("It opened in 1889.", True),
        ("(1859–1906)", True),
        ("in 2099", True),
        ("about 2100", False),
        ("330 metres", False),
        ("17,098,246 km", False),
        ("11034 m", False),
        ("", False),
    ],
)
def test_the_whim_of_a_teacher_is_for_texts_that_name_a_year(script, text, does):
    assert script("measure_reranker").names_a_year(text) is does


def test_the_question_writer_reads_the_beginning_as_the_notebook_shows_it(script):
    from course_utils.fine_tuning.lora_files import QUESTION_PROMPT, WRITER_WORDS

    words = [f"word{number}" for number in range(WRITER_WORDS + 5)]
    prompt = script("train_question_writer").prompt_for("  ".join(words))
    assert prompt == QUESTION_PROMPT.format(text=" ".join(words[:WRITER_WORDS]))


@pytest.fixture(scope="module")
def tiny(script):
    """The script of notebook 13's longer trainings, and what it reads: tokens, and windows kept aside."""
    module = script("train_tiny_gpt")
    return module, *module.tokens()


def test_the_tiny_gpt_is_judged_on_text_that_it_never_reads(tiny):
    _, ids, (inputs, targets) = tiny
    assert ids.ndim == 1
    assert 0 <= ids.min() < ids.max() < 512
    assert inputs.shape == targets.shape == (312, 64)
    assert (inputs[:, 1:] == targets[:, :-1]).all()
    assert (inputs[1:, 0] == targets[:-1, -1]).all()  # side by side
    read = ids.astype("<u2").tobytes()
    assert not any(read.count(row.astype("<u2").tobytes()) for row in inputs[::40])


def test_the_lesson_s_exercises_read_the_same_tokens(tiny):
    from course_utils.exercises import train_a_tiny_gpt as exercise

    _, ids, (inputs, _) = tiny
    names = exercise.share_unseen.setting()
    assert (names["ids"] == ids).all()
    assert (names["inputs"] == inputs).all()


def test_a_stored_ablation_is_what_its_training_gives(tiny):
    from course_utils.tiny_gpt import TinyGPT, load_ablations

    module, ids, aside = tiny
    less = module.dataclasses.replace(module.SIBLING, attention=False)
    judged = module.losses_of(TinyGPT(less, seed=1), ids, aside, 200, "one of fifteen", seed=1)
    steps, lost = load_ablations(200)
    assert list(judged) == [str(step) for step in steps]
    assert list(judged.values()) == pytest.approx(lost["attention"][1], abs=0.02)


def test_the_longer_training_has_the_loss_that_is_stored_with_it(tiny):
    from course_utils.tiny_gpt import held_out_loss, load_longer

    module, _, aside = tiny
    model, judged = load_longer()
    assert model.plan == module.PLAN
    assert max(judged) == module.N_STEPS
    assert held_out_loss(model, *aside) == pytest.approx(judged[module.N_STEPS], abs=0.002)
    assert judged[module.N_STEPS] == min(judged.values()) < 3


def test_the_stored_350_steps_are_between_the_bigram_and_the_longer_training(tiny):
    from course_utils.tiny_gpt import held_out_loss, load_shorter

    module, _, aside = tiny
    model = load_shorter()
    assert model.plan == module.PLAN
    assert held_out_loss(model, *aside) == pytest.approx(3.494, abs=0.002)  # printed by the script and the notebook


@pytest.mark.parametrize("n_steps", [200, 3000])
def test_stored_ablations_hold_all_parts_seeds_and_looks(script, n_steps):
    from course_utils.tiny_gpt import load_ablations

    module = script("train_tiny_gpt")
    steps, lost = load_ablations(n_steps)
    assert list(steps) == [step for step in module.LOOKS if step <= n_steps]
    assert tuple(lost) == module.PARTS
    assert {losses.shape for losses in lost.values()} == {(len(module.SEEDS), len(steps))}
    assert all(abs(losses[:, 0] - 6.24).max() < 0.05 for losses in lost.values())  # log(512), untrained
    assert all((losses[:, -1] < losses[:, 0] - 0.9).all() for losses in lost.values())


def test_a_length_that_was_not_trained_is_named():
    from course_utils.common.errors import InputError
    from course_utils.tiny_gpt import load_ablations

    with pytest.raises(InputError, match="runs of 200 and of 3000 steps, and none of 500"):
        load_ablations(500)


def test_what_is_shipped_of_the_tiny_gpt_is_small():
    files = list((ROOT / "course_utils" / "data" / "tiny_gpt").iterdir())
    names = {"ablations.json", "longer.json", "longer.safetensors", "rates.json", "shorter.safetensors"}
    assert {path.name for path in files} == names
    assert sum(path.stat().st_size for path in files) < 6e6
