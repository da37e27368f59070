"""A page for a book: valid XHTML, in which players are pictures, quizzes are lists, and no link leads nowhere."""

from __future__ import annotations

import hashlib
import posixpath
import shutil
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_to_bytes

if TYPE_CHECKING:
    from bs4 import Tag

ALL_FRAMES = 8  # of a player, up to which a book shows each
SIDE_BY_SIDE = 340  # pixels, up to which two frames are set beside each other
INLINE = ("span", "p", "b", "i", "em", "strong", "small", "code", "a")
BLOCKS = ("p", "div", "ul", "ol", "dl", "table", "pre", "figure", "section")
KNOWN = frozenset(
    """a abbr b bdi blockquote br caption cite code col colgroup dd del details div dl dt em figcaption figure
    h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strong style sub summary sup
    table tbody td tfoot th thead tr u ul var""".split()  # noqa: SIM905
)
OUTSIDE = ("http:", "https:", "mailto:")
SET_UP = "div.cell.tag_hide-input"  # the tag that the site gives to this cell and to no other
FOR_PRINT = "div.on-one-page"  # a line with links to pages that a book does not have
PLAIN = "span.pre, span.p, span.n, span.w"  # pieces of code that look like any other
OUTDATED = {"table": ("border",), "td": ("valign", "align"), "th": ("valign", "align"), "tr": ("align",)}
ENDINGS = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}


def for_a_book(body: Tag, name: str, pages: Path, images: Path) -> Tag:
    """Return what is on a page as it can be in a book, and put its pictures into a folder.

    Parameters
    ----------
    body : bs4.Tag
        What is on the page. It is changed.
    name : str
        What Sphinx calls the page, with its folder; links and pictures lead on from there.
    pages : Path
        The folder of all pages.
    images : Path
        The folder for pictures. Each has the name of its content.
    """
    leave_out(body)
    for player in body.select("div[id^=player-]"):
        as_pictures(player)
    for output in {id(quiz.parent): quiz.parent for quiz in body.find_all("fieldset")}.values():
        as_lists(output)
    for picture in body.find_all("img"):
        picture["src"] = f"images/{_keep_picture(picture['src'], (pages / name).parent, images)}"
    repair(body)
    _make_marks_unique(body)
    for link in body.find_all("a", href=True):
        if not link["href"].startswith(OUTSIDE):
            target, mark, place = link["href"].partition("#")
            link["href"] = posixpath.basename(unquote(target) or f"{name}.xhtml") + mark + unquote(place)
    return body


def leave_out(body: Tag) -> None:
    """Take out what a book has no use for: scripts, comments, the set-up cell, what a site alone has, plain marks."""
    from bs4 import Comment

    for tag in body.find_all("script"):
        tag.decompose()
    for comment in body.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for part in body.select(f"{SET_UP}, {FOR_PRINT}"):
        part.decompose()
    for piece in body.select(PLAIN):
        piece.unwrap()
    body.smooth()


def new(tag: Tag, name: str, text: str = "", **attributes: str) -> Tag:
    """Return a new element for the page that an element is on."""
    from bs4 import BeautifulSoup

    made = BeautifulSoup("", "html.parser").new_tag(name, attrs=attributes)
    made.string = text
    return made


def as_pictures(player: Tag) -> None:
    """Turn a player into its pictures: all of them, or of many the first and the last.

    Examples
    --------
    >>> from bs4 import BeautifulSoup
    >>> frame = '<figure style="margin:0"><img src="a" alt="It snows." width="300"/></figure>'
    >>> page = BeautifulSoup(f'<div id="player-1"><b>Winter</b>{frame * 9}</div>', "html.parser")
    >>> as_pictures(page.div)
    >>> len(page.find_all("figure")), page.find_all("p")[-1].get_text()
    (2, 'The notebook shows the 7 pictures between them.')
    """
    title, frames = player.find("b").get_text(), [frame.extract() for frame in player.find_all("figure")]
    width = int(frames[0].img["width"])
    player.clear()
    player.attrs = {"class": "pictures narrow" if width <= SIDE_BY_SIDE else "pictures"}
    player.append(new(player, "p", title, **{"class": "title"}))
    for frame in frames:
        del frame["style"]
    between = len(frames) - 2 if len(frames) > ALL_FRAMES else 0
    player.extend([frames[0], frames[-1]] if between else frames)
    if between:
        player.append(new(player, "p", f"The notebook shows the {between} pictures between them."))


def as_lists(output: Tag) -> None:
    """Turn the quizzes in an output into a list of questions and, behind it, a list of answers with their reasons.

    Examples
    --------
    >>> from bs4 import BeautifulSoup
    >>> from course_utils.exercises.quiz import Question, Quiz
    >>> quiz = Quiz((Question("Is a token a word?", {"Yes.": "Many are parts.", "No.": "It can be."}, "No."),))
    >>> page = BeautifulSoup(f"<div>{quiz._repr_html_()}</div>", "html.parser")
    >>> as_lists(page.div)
    >>> [part.get_text(" ", strip=True) for part in page.div.find_all(["ol", "p"], recursive=False)]
    ['Is a token a word? Yes. No.', 'Answers', 'b) Right. It can be. a) Not this one. Many are parts.']
    """
    questions, answers = new(output, "ol", **{"class": "questions"}), new(output, "ol", **{"class": "answers"})
    for quiz in output.find_all("fieldset"):
        options, reasons = new(quiz, "ol", **{"class": "options"}), []
        for drawer in quiz.find_all("details"):
            letter, _, option = drawer.summary.get_text().partition(") ")
            options.append(new(quiz, "li", option))
            reasons.append((letter, drawer.b.get_text(), drawer.div.get_text()))
        question = new(quiz, "li", quiz.legend.get_text().partition(". ")[2])
        question.append(options)
        questions.append(question)
        answer = new(quiz, "li")
        for letter, _, text in sorted(reasons, key=lambda reason: reason[1] != "Right."):
            answer.append(new(quiz, "div", f"{letter}) {text}"))
        answers.append(answer)
    output.clear()
    output.extend([questions, new(output, "p", "Answers", **{"class": "title"}), answers])


def repair(body: Tag) -> None:
    """Make HTML that browsers forgive into HTML that is valid.

    Examples
    --------
    >>> from bs4 import BeautifulSoup
    >>> page = BeautifulSoup('<div><span><p>One <eos></eos></p></span><table border="1"></table></div>', "html.parser")
    >>> repair(page)
    >>> print(page)
    <div><div><p>One &lt;eos&gt;</p></div><table></table></div>
    """
    for tag in body.find_all(lambda tag: tag.name not in KNOWN):
        tag.insert_before(f"<{tag.name}>")
        tag.unwrap()
    for name, attributes in OUTDATED.items():
        for tag in body.find_all(name):
            for attribute in attributes:
                tag.attrs.pop(attribute, None)
    for name, instead in (("details", "div"), ("summary", "p")):
        for tag in body.find_all(name):
            tag.name = instead
            tag.attrs.pop("open", None)
    for tag in body.find_all(INLINE):
        if tag.find(BLOCKS):
            tag.name = "div"


def _make_marks_unique(body: Tag) -> None:
    known = set()
    for tag in body.find_all(id=True):
        if not tag["id"] or tag["id"] in known:
            del tag["id"]
        else:
            known.add(tag["id"])


def _keep_picture(source: str, folder: Path, images: Path) -> str:
    """Put a picture into a folder under a name made of its content, and return the name."""
    if source.startswith("data:"):
        kind, _, content = source.removeprefix("data:").partition(",")
        kind, _, coded = kind.partition(";")
        data = b64decode(content) if coded == "base64" else unquote_to_bytes(content.strip())
        name = f"{hashlib.blake2b(data, digest_size=10).hexdigest()}.{ENDINGS[kind]}"
        (images / name).write_bytes(data)
        return name
    path = folder / unquote(source)
    name = f"{path.stem[:20]}{path.suffix}"  # Sphinx calls the pictures of notebooks by their SHA-256
    shutil.copyfile(path, images / name)
    return name


def keep_links_within(bodies: Mapping[str, Tag]) -> None:
    """Make a link that leads to no place of the book plain words; others lead to ``name.xhtml`` and a mark.

    Examples
    --------
    >>> from bs4 import BeautifulSoup
    >>> text = '<p id="a"><a href="one.xhtml#a">here</a> <a href="two.xhtml">there</a></p>'
    >>> page = BeautifulSoup(text, "html.parser")
    >>> keep_links_within({"one": page})
    >>> print(page)
    <p id="a"><a href="one.xhtml#a">here</a> there</p>
    """
    marks = {name: {tag["id"] for tag in body.find_all(id=True)} for name, body in bodies.items()}
    for body in bodies.values():
        for link in body.find_all("a", href=True):
            if link["href"].startswith(OUTSIDE):
                continue
            target, _, mark = link["href"].partition("#")
            name = target.removesuffix(".xhtml")
            if name not in marks or (mark and mark not in marks[name]):
                link.unwrap()
