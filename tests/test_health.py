"""The page Health: what a run of the notebooks took, kept in a file, read again, and shown on the site."""

from __future__ import annotations

import platform
from datetime import date

import pytest

from course_utils.common.errors import CourseError
from course_utils.tools import commands, health, notebooks, prepare
from course_utils.tools.notebooks import Run

RUNS = (Run("00_start_here.ipynb", 42.0, 1_100_000_000), Run("05_x.ipynb", 90.0, 900_000_000))


def test_what_is_kept_comes_back(tmp_path):
    measured = health.measure("newest", RUNS, ["06_y.ipynb"])
    path = health.keep(measured, tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["newest.json"] == [path.name]
    assert health.read(tmp_path) == [measured]
    assert measured.day == date.today().isoformat()
    assert measured.python == platform.python_version()
    assert {"numpy", "torch", "transformers"} <= set(measured.versions)


def test_a_later_run_of_the_same_name_takes_the_place(tmp_path):
    for runs in (RUNS, RUNS[:1]):
        health.keep(health.measure("mine", runs, []), tmp_path)
    (found,) = health.read(tmp_path)
    assert found.runs == RUNS[:1]


def test_two_runs_stand_side_by_side_with_what_stopped_and_what_was_left_out(tmp_path):
    health.keep(health.measure("newest", RUNS, []), tmp_path)
    health.keep(health.measure("oldest", RUNS[:1], ["06_y.ipynb"]), tmp_path)
    page = health.page(health.read(tmp_path))
    assert "| 00_start_here | 0.7 min, 1.1 GB | 0.7 min, 1.1 GB |" in page
    assert "| 05_x | 1.5 min, 0.9 GB | not run |" in page
    assert "| 06_y | not run | **stopped** |" in page
    assert page.index("## Versions of newest") < page.index("## Versions of oldest")


def test_without_a_run_the_page_says_so(tmp_path):
    assert "without a run" in health.page(health.read(tmp_path / "nowhere"))


@pytest.mark.parametrize("text", ["", "[1]", '{"name": "newest"}', '{"runs": [], "stopped": 1}'])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, text):
    (tmp_path / "newest.json").write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=r"newest\.json is damaged: remove it"):
        health.read(tmp_path)


@pytest.mark.parametrize("name", ["", "../x", "A b", "x" * 41])
def test_a_name_that_is_no_file_name_is_refused(name, capsys):
    with pytest.raises(CourseError, match="small letters"):
        health.check_name(name)
    with pytest.raises(SystemExit):
        commands.parser().parse_args(["run", "00", "--health", name])
    assert "small letters" in capsys.readouterr().err


def test_the_command_keeps_what_went_through_and_what_stopped(tmp_path, monkeypatch, capsys):
    def execute(path, *_):
        if path.name.startswith("01"):
            raise CourseError("01 stopped")
        return None, Run(path.name, 6.0, 10**9)

    monkeypatch.setattr(notebooks, "execute", execute)
    monkeypatch.setattr(prepare, "prepare", lambda: None)
    monkeypatch.setattr(health, "keep", lambda found, keep=health.keep: keep(found, tmp_path))
    options = commands.parser().parse_args(["run", "00", "01", "--health", "mine"])
    assert commands.run(options, []) == 1
    (found,) = health.read(tmp_path)
    assert [run.name for run in found.runs] == ["00_start_here.ipynb"]
    assert found.stopped == ("01_meet_the_tokenizer.ipynb",)
