"""The page *Try it here*: what a browser computes there equals what the course computes, and everybody can use it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import unicodedata

import numpy as np
import pytest
import regex
import torch
from browser import barriers, needs_browser, opened
from house import ROOT
from token_texts import random_texts

from course_utils.common.visible import visible
from course_utils.corpus import load_wikipedia
from course_utils.evaluation import load_questions
from course_utils.search import BM25Index
from course_utils.tiny_gpt import attention_maps, load_longer
from course_utils.tokens import SMOLLM2_SPLIT, load_tokenizer
from course_utils.tokens.splits import GPT4_SPLIT
from course_utils.tokens.view import visible_parts, whole_characters
from course_utils.tools import serve, try_here
from course_utils.tools.try_here import data
from course_utils.transformer import NumPyLM
from course_utils.words import query_words, words

PARTS = "tokens", "search", "attention", "next"
PROMPTS = "The capital of France is", "Once upon a time, there was a little", "def add(a, b):\n    return"
SENTENCES = "The river flows through the city.", "In 1969, Łukasz met 北京 — naïve?", "a"
SCRIPTS = "مرحبا world", "שלום, world", "naïve e\u0301 \u0301x", "Line\n\nend\tand\u00a0gap", "👩‍👩‍👧 नमस्ते 한국어", ""
UNUSUAL = "'LL 'ſ it'S", "  \n\n  x", "x \x85 \x1c \ufeff y", "1234567 ٣٤", "\u2028 a", "aaaaaaaa" * 40, "<|endoftext|>"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build a site of two pages, the first page and this one, with the course's own settings."""
    work = tmp_path_factory.mktemp("try")
    source, folder = work / "source", work / "served" / "some" / "course"
    source.mkdir()
    shutil.copyfile(ROOT / "docs" / "conf.py", source / "conf.py")
    shutil.copytree(ROOT / "docs" / "_static", source / "_static")
    (source / "index.md").write_text("# Home\n\n```{toctree}\ntry_here\n```\n", encoding="utf-8")
    try_here.write(source)
    command = [sys.executable, "-m", "sphinx", "-Q", "-b", "html", str(source), str(folder)]
    assert subprocess.call(command, cwd=ROOT) == 0
    (work / "served" / "favicon.ico").write_bytes(b"")  # which a browser asks for at the server's top
    return folder


@pytest.fixture(scope="module")
def page(site):
    """Open the page in a browser, at an address below that of its server; one browser for all tests."""
    with serve.folder_server(site.parent.parent, 0) as server, opened() as page:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/some/course/try_here.html")
        page.wait_for_selector("#try-note", state="detached", timeout=30_000)
        yield page
        server.shutdown()


def ask(page, script: str, argument=None):
    """Run a script with the page's modules; ``load`` imports one, ``get`` reads a file, ``facts`` is known."""
    return page.evaluate(
        f"""async (argument) => {{
          const place = new URL("_static/try_here/", location.href).href;
          const load = (name) => import(place + name + ".js");
          const get = async (file) => (await fetch(place + file)).arrayBuffer();
          const facts = await (await fetch(place + "facts.json", {{ cache: "no-cache" }})).json();
          {script}
        }}""",
        argument,
    )


def press(page, part: str, text: str, button: str = "button[type=submit]") -> str:
    """Type a text into a part of the page, press its button, and return the sentence that is said at the end."""
    form = page.locator(f"#try-{part}")
    form.locator("textarea, input").fill(text)
    form.locator(button).click()
    page.wait_for_function(
        """(id) => {
          const form = document.getElementById(id), said = form.querySelector(".try-said").textContent;
          return said && !/^(Fetching|Reading)/.test(said) && !form.querySelector("[aria-busy]");
        }""",
        arg=f"try-{part}",
        timeout=60_000,
    )
    return form.locator(".try-said").inner_text()


# The files.


def test_the_page_says_the_sizes_of_its_files(site):
    html, place = (site / "try_here.html").read_text(encoding="utf-8"), site / try_here.PLACE
    facts = json.loads((place / try_here.FACTS).read_text(encoding="utf-8"))
    for file in [*facts["tokenizers"], *facts["articles"], *facts["tiny"]["files"]]:
        assert (place / file["file"]).stat().st_size == file["bytes"]
    assert all(f"fetches {size} " in html for name, size in try_here.sizes(facts).items() if name != "model")
    assert f"in a file of {try_here.sizes(facts)['model']}." in html
    assert sum(path.stat().st_size for path in place.iterdir()) < 9_000_000, "without the model"
    assert sum(path.stat().st_size for path in try_here.HERE.glob("*.js")) < 60_000


def test_without_scripts_the_page_says_so(site):
    html = (site / "try_here.html").read_text(encoding="utf-8")
    assert "<noscript><p>This page needs JavaScript" in html
    assert html.count("<fieldset disabled>") == len(PARTS), "nothing can be pressed that would do nothing"


def test_scripts_are_strict_small_and_write_text_only():
    for path in try_here.HERE.glob("*.js"):
        script = path.read_text(encoding="utf-8")
        assert '"use strict";' in script
        assert len(script.splitlines()) <= 130, path.name
        assert not regex.search(r"innerHTML|outerHTML|document\.write|\beval\b|https?://", script), path.name


@pytest.mark.parametrize("split", [SMOLLM2_SPLIT, GPT4_SPLIT], ids=["SmolLM2", "GPT-4"])
def test_a_split_for_javascript_finds_the_same_words(split):
    changed = data.as_javascript(split)
    assert "(?i" not in changed
    assert "\\s" not in changed
    for text in [*random_texts(300), *UNUSUAL]:
        assert regex.findall(changed, text) == regex.findall(split, text)


def test_the_first_page_leads_to_it():
    home = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert "(try_here.md)" in home
    assert "\n\ntry_here\n```" in home


# The answers.


@needs_browser
@pytest.mark.parametrize("number", [0, 1], ids=["SmolLM2", "GPT-4"])
def test_tokens_are_those_of_the_course(page, number):
    newest = regex.compile(r"[\p{Cn}\p{Co}]")
    texts = [*random_texts(400), *UNUSUAL, *SCRIPTS, *load_wikipedia(size=48)["text"]]
    texts = [newest.sub("", text) for text in texts]
    found = ask(
        page,
        """const { Tokenizer } = await load("tokenizer"), of = facts.tokenizers[argument.number];
        const tokenizer = new Tokenizer(of, await get(of.file));
        return argument.texts.map((text) => [tokenizer.encode(text), tokenizer.decode(tokenizer.encode(text))]);""",
        {"texts": texts, "number": number},
    )
    tokenizer = load_tokenizer(["SmolLM2", "GPT-4"][number])
    for text, (ids, decoded) in zip(texts, found, strict=True):
        assert ids == tokenizer.encode(text), repr(text)
        assert decoded.removeprefix("\ufeff") == tokenizer.decode(ids).removeprefix("\ufeff")


@needs_browser
def test_chips_are_grouped_and_marked_as_in_the_notebooks(page):
    tokenizer = load_tokenizer("SmolLM2")
    pieces = [tokenizer.pieces(text) for text in [*SCRIPTS, *UNUSUAL, *random_texts(100)]]
    found = ask(
        page,
        """const { visibleParts, wholeCharacters } = await load("chips");
        return argument.map((text) => {
          const pieces = text.map((bytes) => ({ bytes: Uint8Array.from(bytes) }));
          return [pieces.map(({ bytes }) => visibleParts(bytes)), wholeCharacters(pieces).map((group) => group.length)];
        });""",
        [[list(piece.data) for piece in text] for text in pieces],
    )
    for text, (parts, groups) in zip(pieces, found, strict=True):
        assert [[tuple(part) for part in each] for each in parts] == [visible_parts(piece.data) for piece in text]
        assert groups == [len(group) for group in whole_characters(text)]


@needs_browser
def test_words_are_folded_and_cut_as_in_the_course(page):
    old = unicodedata.ucd_3_2_0  # characters that every browser and every Python knows
    letters = [chr(c) for c in range(0x80, 0x30000) if old.category(chr(c))[0] in "LNM"]
    letters = [letter for letter in letters if not 0x3400 < ord(letter) < 0xD7A4 or ord(letter) % 50 == 0]
    rows = (" ".join("a" + letter for letter in letters[start : start + 50]) for start in range(0, len(letters), 50))
    texts = [*rows, *SENTENCES, *SCRIPTS, "Where is São Paulo's old café? 北京是2024年 서울은"]
    found = ask(
        page,
        """const { Words } = await load("words"), words = new Words(facts.words);
        return argument.map((text) => words.words(text));""",
        texts,
    )
    for text, ours in zip(texts, found, strict=True):
        assert ours == words(text)
    assert len(letters) > 10_000


@needs_browser
def test_bm25_finds_the_same_ten_articles_with_the_same_scores(page):
    index = BM25Index(load_wikipedia()["text"][:])
    questions = [question.text for question in load_questions("development")]
    questions += ["The Who", "北京", "xyzzy", "Łódź 1/2 ½"]
    found = ask(
        page,
        """const { BM25 } = await load("bm25"), { Words } = await load("words");
        const words = new Words(facts.words), bm25 = new BM25(await get("articles.index"));
        return argument.map((text) => [words.queryWords(text), bm25.search(words.queryWords(text))]);""",
        questions,
    )
    for question, (asked, ours) in zip(questions, found, strict=True):
        assert asked == query_words(question)
        hits = index.search(question, k=10)
        assert [hit["position"] for hit in ours] == [hit.position for hit in hits], question
        assert np.allclose([hit["score"] for hit in ours], [hit.score for hit in hits], atol=1e-9)
        for hit in ours[:2]:
            assert dict(hit["parts"]) == pytest.approx(index.explain(question, hit["position"]))


@needs_browser
def test_the_tiny_gpt_attends_and_goes_on_as_in_the_notebook(page):
    tokenizer, model = data.tiny_tokenizer(), load_longer()[0]
    texts = [*SENTENCES, load_wikipedia(size=24)["text"][0][:100]]
    found = ask(
        page,
        """const { Tokenizer } = await load("tokenizer"), { TinyGPT } = await load("tiny_gpt");
        const [vocabulary, weights] = await Promise.all(facts.tiny.files.map(({ file }) => get(file)));
        const tokenizer = new Tokenizer(facts.tiny, vocabulary), model = new TinyGPT(weights);
        return argument.map((text) => {
          const ids = tokenizer.encode(text), { logits, attention } = model.read(ids);
          return [ids, [...logits], attention.map((heads) => heads.map((map) => map.map((row) => [...row])))];
        });""",
        texts,
    )
    for text, (ids, logits, attention) in zip(texts, found, strict=True):
        assert ids == tokenizer.encode(text)
        assert np.abs(np.array(attention) - attention_maps(model, ids)).max() < 1e-5
        with torch.no_grad():
            assert np.abs(np.array(logits) - model([ids])[0, -1].numpy()).max() < 1e-3


# The page.


@needs_browser
def test_each_part_answers_when_its_button_is_pressed(page):
    assert press(page, "tokens", "Hello llama 🦙") == "SmolLM2: 7 tokens; GPT-4: 5 tokens."
    chips = page.locator("#try-tokens .try-chips").first.locator("kbd sub").all_inner_texts()
    assert list(map(int, chips)) == load_tokenizer("SmolLM2").encode("Hello llama 🦙")
    assert press(page, "search", "the fastest land animal").startswith("The best 10 of 10,033 articles for fastest,")
    assert page.locator("#try-search b").first.inner_text() == "Cheetah"
    assert press(page, "search", "xyzzy") == "No article has any of these words."
    assert press(page, "attention", SENTENCES[0]).startswith("15 tokens read.")
    maps = attention_maps(load_longer()[0], data.tiny_tokenizer().encode(SENTENCES[0]))
    page.get_by_role("button", name="block 2, head 3").press("Enter")
    assert page.get_by_role("button", name="block 2, head 3").get_attribute("aria-pressed") == "true"
    last = page.locator("#try-attention .try-map tr").last.locator("td").all_inner_texts()
    assert np.abs(np.array(last, float) - 100 * maps[2, 3, -1]).max() <= 0.51


@needs_browser
def test_what_cannot_be_read_is_said_in_a_sentence(page):
    assert press(page, "search", " ") == "Type a question first."
    assert press(page, "attention", "") == "Type a sentence first."
    assert press(page, "attention", "word " * 40).endswith("reads 64: shorten the sentence.")
    assert press(page, "next", "Hello").startswith("This site has no SmolLM2:")


@needs_browser
def test_a_page_opened_as_a_file_says_what_to_do(page, site):
    address = page.url
    page.goto((site / "try_here.html").as_uri())
    assert "site --with-model --serve" in page.locator("#try-note").inner_text()
    page.goto(address)
    page.wait_for_selector("#try-note", state="detached", timeout=30_000)


@needs_browser
def test_what_is_typed_is_shown_as_text(page):
    press(page, "tokens", "<img src=x onerror=alert(1)> & <b>")
    press(page, "search", "<b>llama</b>")
    press(page, "attention", "<b>x</b>")
    assert page.locator(".try-result img, .try-chips b").count() == 0


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_barrier_for_any_eyes(page, scheme):
    press(page, "tokens", "Hello llama 🦙 مرحبا\nyes")
    press(page, "search", "llama")
    press(page, "attention", SENTENCES[0])
    light = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(light)
    page.emulate_media(color_scheme=scheme)
    if scheme == "dark":
        page.wait_for_function(f"{light} != {before!r}")
    assert barriers(page, "article") == []
    bar, colour = page.locator(".try-bar").first, "bar => getComputedStyle(bar).backgroundColor"
    before = bar.evaluate(colour)
    page.emulate_media(forced_colors="active")
    assert bar.evaluate(colour) == before, "a bar is seen in forced colours"
    page.emulate_media(forced_colors="none")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing is cut off on a phone"
    page.set_viewport_size({"width": 1280, "height": 720})


@needs_browser
def test_smollm2_says_the_same_next_words_as_in_numpy(page, site):
    place = try_here.add_model(site)
    assert place.stat().st_size == json.loads((place.parent / try_here.FACTS).read_text())["model"]["bytes"]
    page.reload()
    page.wait_for_selector("#try-note", state="detached", timeout=30_000)
    model = NumPyLM.smollm2()
    for prompt in PROMPTS:
        best = model.next_words(prompt, 10)
        assert press(page, "next", prompt) == f"The likeliest next one is “{visible(best[0][0])}”."
        rows = page.locator("#try-next .try-words tr")
        shares = [float(share.rstrip("%")) / 100 for share in rows.locator("td:nth-child(2)").all_inner_texts()]
        assert np.allclose(shares, [share for _, share in best], atol=0.006)
    assert press(page, "next", PROMPTS[0], "[data-write='1']").startswith("1 token added.")
    assert page.input_value("#try-next-text") == PROMPTS[0] + model.generate(PROMPTS[0], 1)
    page.locator("[data-write='20']").click()
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("""() => !document.querySelector("#try-next [aria-busy]")""", timeout=60_000)
    assert len(page.input_value("#try-next-text")) < 60
    assert not page.get_by_role("button", name="Stop").is_visible()


@needs_browser
def test_smollm2s_numbers_are_those_of_numpy(page, site):
    try_here.add_model(site)
    texts = [PROMPTS[0], PROMPTS[0] + " Paris", "Paris"]  # the second goes on with what the first has read
    ids = [load_tokenizer("SmolLM2").encode(text) for text in texts]
    found = ask(
        page,
        """const { Llama } = await load("llama"), model = new Llama(await get(facts.model.file));
        return argument.map((ids) => [...model.read(ids)]);""",
        ids,
    )
    for each, logits in zip(ids, found, strict=True):
        assert np.abs(np.array(logits) - NumPyLM.smollm2().last_logits(each)).max() < 1e-3
