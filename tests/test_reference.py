"""The reference shelf: a glossary, the notation, cards and summaries that are complete and true to their sources."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from house import ROOT

from course_utils.common import DATA, assets
from course_utils.common.errors import CourseError
from course_utils.tools.reference import cards, glossary, notation, shelf, summaries
from course_utils.tools.reference.lessons import Lesson, read_all, slug

LESSONS = read_all()
NUMBERS = [lesson.number for lesson in LESSONS]
ENTRIES = glossary.read()
SYMBOLS = notation.read()
ROLE = re.compile(r"\{term\}`([^`<]+) <([^`>]+)>`")
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=NUMBERS)

# What a notebook prints in bold for its weight, and not as a term.
NOT_TERMS = {
    "00": {"Shift+Enter", "A", "B", "C", "D"},
    "01": {"before"},
    "02": {"spaces", "digits", "words"},
    "04": {"form", "meaning"},
    "07": {"unsupported", "correct", "all", "part", "none", "Vilnius"},
    "09": {"pets", "money", "space", "Assign", "Move", "Describe", "Smooth", "Reduce", "titles"},
    "10": {"likeness", "title", "short description", "once for each group"},
    "11": {"similar", "does not see order"},
    "12": {"one"},
    "13": {"Uniform", "previous token", "start of the word", "two back", "positions", "residual", "scale"},
    "15": {"shares"},
    "16": {"subject"},
    "20": {"table", "pictures", "text", "entry", "linear", "penalty"},
    "21": {"ratio"},
    "22": {"The hardware is simulated"},
    "23": {"Shared articles", "More frequent averaging", "drops out", "attacker", "scale"},
    "24": {"noisy"},
    "28": {"scale", "minimum", "energy"},
}


def lesson_with(*prose: str, code: tuple[str, ...] = (), number: str = "04") -> Lesson:
    """Return a notebook that holds these cells."""
    return Lesson(ROOT / f"notebooks/{number}_x.ipynb", prose, code)


def terms_linked(lesson: Lesson) -> list[str]:
    return [
        term for cell in glossary.with_links(lesson.prose, ENTRIES, lesson.number) for _, term in ROLE.findall(cell)
    ]


@each_lesson
def test_every_term_that_a_notebook_introduces_is_in_the_glossary(lesson):
    terms = glossary.Terms(ENTRIES, lesson.number)
    unknown = {term for term in glossary.new_terms(lesson) if not terms.get(term)}
    missing = unknown - NOT_TERMS.get(lesson.number, set())
    assert not missing, f"{lesson.path.name}: add {missing} to docs/reference/glossary.md, or to NOT_TERMS here"
    assert NOT_TERMS.get(lesson.number, set()) <= unknown, "an exception that is not needed"


def test_new_terms_are_what_is_in_bold_and_no_label_or_sentence():
    cell = "# T\n**About 40 minutes** **Step 1.** **You need** a **posting\nlist**. **A whole sentence of five words**"
    assert glossary.new_terms(lesson_with(cell, "## What you learned\n**index**")) == ["posting list"]


def test_the_glossary_is_alphabetical_and_has_each_term_once():
    terms = [entry.term for entry in ENTRIES]
    assert len(terms) > 200
    assert terms == sorted(terms, key=str.casefold)
    assert len(terms) == len({term.casefold() for term in terms})
    for number in NUMBERS:
        forms = [form for entry in ENTRIES if entry.means_this_in(number) for form in entry.forms]
        assert sorted(form for form in set(forms) if forms.count(form) > 1) == []


@each_lesson
def test_a_notebook_leads_to_the_terms_that_it_introduces_and_to_each_once(lesson):
    linked = terms_linked(lesson)
    assert {entry.term for entry in ENTRIES if entry.number == lesson.number} <= set(linked)
    assert len(linked) == len(set(linked))


def test_a_term_is_given_to_the_first_notebook_that_prints_it_as_new():
    assert [entry.term for entry in ENTRIES if entry.number not in NUMBERS] == []
    for lesson in LESSONS:
        terms = glossary.Terms(ENTRIES, lesson.number)
        introduced = [terms.get(term) for term in glossary.new_terms(lesson)]
        assert [entry.term for entry in introduced if entry and entry.number > lesson.number] == []


def test_an_entry_is_one_sentence_or_two():
    for entry in ENTRIES:
        assert re.fullmatch(r"[A-Z0-9].*[.?]", entry.text), entry
        assert len(re.findall(r"[.?](?: |$)", entry.text)) <= 2, entry


def test_an_entry_that_cannot_be_read_is_named(tmp_path):
    page = tmp_path / "glossary.md"
    page.write_text("# Glossary\n\n**token** 00\n: A piece of text.\n", encoding="utf-8")
    with pytest.raises(CourseError, match=r"no entry.*\n\*\*token\*\* 00"):
        glossary.read(page)


def test_a_link_goes_to_the_first_use_and_never_into_code_headings_formulas_or_links():
    closed = "# token\n\n`token` [token](a.ipynb) $token$ $$token$$ <b>token</b>\n\n```\ntoken\n```\n\n"
    entry = glossary.Entry("token", "00", ("token",), "A piece of text.")
    (cell,) = glossary.with_links([closed + "tokenizer, two\nTokens, token"], [entry], "00")
    assert cell == closed.replace("<b>token", "<b>{term}`token <token>`") + "tokenizer, two\nTokens, token"
    (cell,) = glossary.with_links(["[token](a.ipynb), `token`: a sub-token, the\ntoken's id"], [entry], "00")
    assert cell == "[token](a.ipynb), `token`: a sub-token, the\n{term}`token <token>`'s id"


def test_an_ordinary_word_leads_to_the_glossary_only_where_it_is_marked_and_means_the_term():
    entry = glossary.Entry("key", "11", ("key",), "What a word is found by.", marked=True, apart=frozenset({"05"}))
    text = ["Press a key. The **key** and the *key*."]
    assert glossary.with_links(text, [entry], "11") == ["Press a key. The **{term}`key <key>`** and the *key*."]
    assert glossary.with_links(text, [entry], "05") == text


def test_of_two_terms_the_longer_one_is_linked():
    entries = [glossary.Entry(name, "00", (name,), "A.") for name in ("model", "language model")]
    assert glossary.with_links(["a language\nmodel"], entries, "00") == ["a {term}`language model <language model>`"]


@each_lesson
def test_links_change_nothing_but_themselves(lesson):
    before, after = lesson.prose, glossary.with_links(lesson.prose, ENTRIES, lesson.number)
    assert [" ".join(ROLE.sub(r"\1", cell).split()) for cell in after] == [" ".join(cell.split()) for cell in before]
    for pattern in (r"^#+ .*$", r"```.*?```", r"\[[^\]]*\]\([^)]*\)", r"\$\$.+?\$\$", r"^\|[-| ]+\|$"):
        flags = re.MULTILINE | (re.DOTALL if "?" in pattern else 0)
        assert [re.findall(pattern, cell, flags) for cell in before] == [re.findall(pattern, c, flags) for c in after]


def test_a_heading_becomes_the_end_of_its_address():
    assert slug("How does it say “nothing here”?") == "how-does-it-say-nothing-here"


def test_the_glossarys_page_leads_to_the_section_that_introduces_a_term():
    page = glossary.page(ENTRIES, LESSONS)
    assert page.count("\n  ") == len(ENTRIES)
    link = "[04, *How do you find a word without reading everything?*](../notebooks/04_keyword_search.ipynb#how-do-you"
    assert f"\ninverted index\n  A table that leads from each word to the texts that have it. {link}" in page


@pytest.mark.parametrize("symbol", SYMBOLS, ids=lambda symbol: f"{symbol.number} {symbol.symbol}")
def test_a_symbol_appears_in_its_notebook(symbol):
    (lesson,) = [lesson for lesson in LESSONS if lesson.number == symbol.number]
    assert symbol.appears_in(lesson)


def test_no_notebook_shows_a_symbol_before_the_one_that_the_notation_names():
    first = {}
    for symbol in SYMBOLS:
        first.setdefault(symbol.symbol, symbol)
    tested = [each for each in first.values() if each.symbol.startswith("$") or "_" in each.symbol[2:]]
    assert len(tested) > 30
    for symbol in tested:
        own = notation.letters(symbol.letter)
        others = [each for each in SYMBOLS if each.symbol.startswith("$")] if symbol.symbol.startswith("$") else []
        described = {each.number for each in others if own <= notation.letters(each.letter)}
        earlier = [lesson.number for lesson in LESSONS if lesson.number < symbol.number and symbol.appears_in(lesson)]
        assert set(earlier) <= described, symbol


@each_lesson
def test_every_letter_of_a_notebooks_formulas_is_in_the_notation(lesson):
    assert notation.missing(lesson, SYMBOLS) == set(), f"add them to docs/reference/notation.md: {lesson.path.name}"


def test_letters_and_symbols_are_told_apart():
    lesson = lesson_with(r"$k_1$ and $Q(s, a) \leftarrow \gamma \max_{a'} Q(s', a')$", code=("n_heads = 4",))
    assert notation.missing(lesson, []) == {"k", "Q", "s", "a", r"\gamma"}
    found = [
        notation.Symbol(s, "", "", "04").appears_in(lesson) for s in ("$k_1$", "$k$", "$s'$", "`n_heads`", "`head`")
    ]
    assert found == [True, False, True, True, False]


def test_the_notations_page_has_every_row_with_a_link():
    page = notation.page(SYMBOLS, LESSONS)
    rows = re.findall(r"^\| (?!symbol|-).*\.ipynb\) \|$", page, re.MULTILINE)
    assert len(rows) == len(SYMBOLS) == len(re.findall(r"^\| (?!symbol)", page, re.MULTILINE))


def test_all_that_is_fetched_or_shipped_has_a_card_and_nothing_else_has():
    assert set(cards.read()) == cards.needed()


def pins() -> dict:
    return json.loads((DATA / "assets.json").read_text(encoding="utf-8"))


def card(title: str) -> str:
    """Return a card as the site has it, from its heading to the next."""
    return cards.page(LESSONS).split(f"\n### {title[0].upper()}{title[1:]}\n")[1].split("\n##")[0]


@pytest.mark.parametrize("name", pins())
def test_a_card_has_the_numbers_and_the_licence_that_are_pinned(name):
    pin = pins()[name]
    size = sum(file["size"] for file in pin["files"].values())
    text = card(pin["what"])
    assert f"- package: {pin['package']} {pin['version']}, {pin['size'] / 1e6:.1f} MB to fetch" in text
    assert f"- size: {size / 1e6:.1f} MB in {len(pin['files'])} file" in text or size < 1e5
    assert f"- licence: {pin['licence']}" in text
    assert re.search(r"^- origin: .{5}", text, re.MULTILINE)
    assert ("fetched for" in text) == ("only_for" in pin)


@pytest.mark.parametrize("name", sorted(cards.needed() - set(pins())))
def test_a_card_of_what_is_shipped_has_its_size_and_its_licence(name):
    path = DATA / name.removeprefix("data/")
    n_bytes = sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
    text = card(f"`{path.name}`")
    assert f"- size: {cards.in_megabytes(n_bytes)}" in text
    assert f"| {path.name} | {cards.facts(name)['licence']} |" in (ROOT / "LICENSES.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "words"), cards.read().items(), ids=lambda value: value[:20])
def test_a_cards_words_say_what_is_wrong_and_repeat_no_size_or_version(name, words):
    assert words.count("**Known faults.** ") == 1
    assert not re.search(r"\d\s?[kMG]B\b|\d+\.\d+\.\d+|\d\.\d MB", words)
    named = re.findall(r"notebooks?\s(\d\d(?:(?:,| and)\s\d\d)*)", words)
    assert set(re.findall(r"\d\d", " ".join(named))) <= set(NUMBERS)


def test_the_cards_count_the_articles_rightly():
    words = cards.read()["wikipedia"]
    for language in ("en", "fr", "es"):
        articles = list(json.loads(assets.wikipedia_path(language).read_text(encoding="utf-8")).values())
        assert f"{len(articles):,}" in words
        if language == "en":
            assert f"{sum(not article['description'] for article in articles)} in English" in words
            assert f"{sum(article['topic'] == 'Uncategorized' for article in articles):,} English articles" in words


@each_lesson
def test_a_summary_has_three_to_six_findings_in_the_notebooks_own_words(lesson):
    page, last = summaries.page(lesson), " ".join(lesson.prose[-1].split())
    findings = re.findall(r"^- (.+)$", page, re.MULTILINE)
    assert 3 <= len(findings) <= 6, f"{lesson.path.name}: the points of its last cell"
    assert all(re.sub(r"\]\(\.\./\.\./notebooks/", "](", finding) in last for finding in findings)
    assert "**One limitation.** " in page
    assert page.count("?") >= len(summaries.questions(lesson)) >= 3


def test_a_summary_holds_formulas_and_names():
    code = ("%matplotlib inline\nfrom course_utils.search import BM25Index, DenseIndex", "import course_utils.plotting")
    prose = "# T\n\nYou will.\n\n$N$ and $\\ln(N/n)$ and\n\n$$x = \\ln(N/n) + \\text{length}$$"
    lesson = lesson_with(prose, "## What you learned\n\n- One\n  point.\n\n**One limitation** Small.", code=code)
    assert summaries.helpers(lesson) == {"search": ["BM25Index", "DenseIndex"]}
    assert summaries.formulas(lesson) == ["x = \\ln(N/n) + \\text{length}"]
    assert summaries.findings(lesson) == ["One point."]
    assert summaries.limitation(lesson) == "Small."


def test_the_shelf_is_written_whole(tmp_path):
    shelf.write(tmp_path)
    names = {path.relative_to(tmp_path / "reference").as_posix() for path in tmp_path.rglob("*.md")}
    assert names == {"glossary.md", "notation.md", "cards.md", *(f"summaries/{each.path.stem}.md" for each in LESSONS)}


def test_the_citation_has_what_the_format_asks_for_and_the_projects_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{citation["version"]}"' in pyproject
    assert f'license = "{citation["license"][0]}"' in pyproject
    assert all(author["name"] for author in citation["authors"])


def test_the_changelog_has_the_parts_that_keep_a_changelog_knows():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE)[0] == "Unreleased"
    known = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= known


def test_every_file_that_is_shipped_has_its_licence_and_links_of_the_new_pages_exist():
    listed = {row[0] for row in cards.table_rows("LICENSES.md")[-len(cards.needed()) :]}
    assert {name.removeprefix("data/") for name in cards.needed() if name.startswith("data/")} <= listed
    for page in ("LICENSES.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{page}: {target}"
