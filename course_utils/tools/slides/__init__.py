"""A deck of slides from each notebook: cut by headings and tags, with everything it needs lying beside it.

nbconvert's slides do not start without a network (require.js, jQuery and MathJax come from other places), and they show
a cell's code and output together. Here an output waits for a key, and goes on on another slide where it is too tall.
"""

from __future__ import annotations

import html
import re
import shutil
import struct
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from course_utils.common import assets, download
from course_utils.common.errors import CourseError
from course_utils.tools import guide
from course_utils.tools.compare import WIDGET_VIEW
from course_utils.tools.environment import ROOT

if TYPE_CHECKING:
    from nbformat import NotebookNode

HERE = Path(__file__).parent
FOLDER = ROOT / "build" / "slides"
SKIP, START, STAY = "slide-skip", "slide-start", "slide-stay"  # the tags: not shown, on a new slide, on the same one
COLUMNS = "slide-columns"  # and: the output set in columns
LARGER, WIDEST, HIGHEST = 1.5, 1150, 480  # how pictures are shown, in pixels
TALLEST = 860  # pixels of the estimate below; a little more than the 660 of a slide is made smaller to fit
Part = tuple["NotebookNode", str]  # of a cell: its "prose", "code" or "output"
Section = list[list[Part]]  # slides, each of parts


def cut(book: NotebookNode) -> list[Section]:
    """Cut a notebook into sections of slides.

    A ``#`` or ``##`` heading begins a section, which is a column of the deck; a ``###`` heading, prose between code and
    the tag ``slide-start`` begin a slide. ``slide-stay`` keeps a cell on the slide before it and ``slide-skip`` leaves
    it out; ``slide-columns`` sets a long output in columns. What would be too tall goes on on another slide.

    Returns
    -------
    list of Section
        Sections, their slides, and on each slide parts: a cell and "prose", "code" or "output".

    Examples
    --------
    >>> from nbformat.v4 import new_markdown_cell, new_code_cell, new_notebook
    >>> cells = [new_markdown_cell("# Look"), new_code_cell("1"), new_markdown_cell("So."), new_code_cell("2")]
    >>> [[[part for _, part in slide] for slide in section] for section in cut(new_notebook(cells=cells))]
    [[['prose', 'code'], ['prose', 'code']]]
    """
    sections: list[Section] = []
    cells = [cell for cell in book.cells if SKIP not in cell.metadata.get("tags", []) and cell.cell_type != "raw"]
    for cell, after in zip(cells, [*cells[1:], None], strict=True):
        tags, level = cell.metadata.get("tags", []), _level(cell)
        closing = cell.cell_type == "markdown" and not level and (after is None or _level(after))
        if level in (1, 2) or not sections:
            sections.append([[]])
        for part in ("prose",) if cell.cell_type == "markdown" else ("code", "output"):
            if part == "output" and not shown_outputs(cell):
                continue
            slide = sections[-1][-1]
            begins = START in tags and part != "output"
            begins |= level > 2 or (part == "prose" and not closing and any(kind != "prose" for _, kind in slide))
            too_tall = sum(map(_height, slide)) + _height((cell, part)) > TALLEST
            if slide and (begins or too_tall) and STAY not in tags:
                sections[-1].append(slide := [])
            slide.append((cell, part))
    return sections


def _level(cell: NotebookNode) -> int:
    """Return the level of the heading that a cell begins with; 0 if it begins with none."""
    return len(re.match(r"#*", cell.source).group()) if cell.cell_type == "markdown" else 0


def shown_outputs(cell: NotebookNode) -> list[NotebookNode]:
    """Return the outputs of a cell that a slide can show: all but live widgets, which have a picture beside them."""
    return [output for output in cell.get("outputs", []) if WIDGET_VIEW not in output.get("data", {})]


def build(path: Path, folder: Path = FOLDER) -> Path:
    """Write the deck of an executed notebook, with the player that it needs, and return its page.

    A browser opens it as a file, without any network.

    Raises
    ------
    CourseError
        If a cell of the notebook was never run, or the player cannot be fetched.
    """
    import nbformat

    book = nbformat.read(path, as_version=4)
    if any(cell.cell_type == "code" and not cell.execution_count for cell in book.cells):
        name = path.stem[:2]
        raise CourseError(f"{path.name} has cells that were never run: first `python3 -m course_utils refresh {name}`.")
    notes = guide.speaker_notes(path.stem)
    columns = [_column(section, notes) for section in cut(book)]
    page = Template((HERE / "deck.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(_title(book)),
        math=MATH if any("$" in cell.source for cell in book.cells if cell.cell_type == "markdown") else "",
        columns="\n".join(columns),
    )
    folder.mkdir(parents=True, exist_ok=True)
    _lay_player_beside(folder)
    target = place(path, folder)
    target.write_text(page, encoding="utf-8")
    return target


def place(path: Path, folder: Path = FOLDER) -> Path:
    """Return where the deck of a notebook is, or will be."""
    return folder / f"{path.stem}.html"


def write_index(paths: Sequence[Path], folder: Path = FOLDER) -> Path:
    """Write a page that lists the decks of ``paths``."""
    import nbformat

    rows = []
    for path in paths:
        title = html.escape(_title(nbformat.read(path, as_version=4)))
        rows.append(f'<li><a href="{path.stem}.html">{path.stem[:2]} {title}</a></li>')
    page = Template((HERE / "index.html").read_text(encoding="utf-8")).substitute(rows="\n".join(rows))
    target = folder / "index.html"
    target.write_text(page, encoding="utf-8")
    return target


MATH = """<script>
MathJax = {tex: {inlineMath: [["$", "$"]]}, options: {enableMenu: false}, startup: {typeset: true}};
</script>
<script src="player/tex-svg.js" async></script>"""


def _lay_player_beside(folder: Path) -> None:
    player = folder / "player"
    player.mkdir(exist_ok=True)
    for name in ("reveal", "mathjax"):
        source = download.fetch(assets.ASSETS[name])
        for member in assets.ASSETS[name].members:
            shutil.copyfile(source / member.name, player / Path(member.name).name)
    for name in ("deck.css", "deck.js"):
        shutil.copyfile(HERE / name, player / name)
    (player / "code.css").write_text(_code_colours(), encoding="utf-8")


def _title(book: NotebookNode) -> str:
    return book.cells[0].source.splitlines()[0].lstrip("# ")


def _column(section: Section, notes: dict[str, str]) -> str:
    heading = section[0][0][0].source.splitlines()[0].lstrip("# ")
    slides = []
    for number, slide in enumerate(section):
        parts = "\n".join(_part(cell, part) for cell, part in slide)
        said = f'<aside class="notes">{_prose(notes[heading])}</aside>' if number == 0 and heading in notes else ""
        slides.append(f'<section><div class="fit">{parts}</div>{said}</section>')
    return "<section>" + "\n".join(slides) + "</section>"


def _part(cell: NotebookNode, part: str) -> str:
    if part == "prose":
        return f'<div class="prose">{_prose(cell.source)}</div>'
    if part == "code":
        return f'<div class="code">{_coloured(cell.source)}</div>'
    columns = " columns" * (COLUMNS in cell.metadata.get("tags", []))
    return f'<div class="output fragment{columns}">{"".join(map(_output, shown_outputs(cell)))}</div>'


def _prose(text: str) -> str:
    from nbconvert.filters import markdown2html

    page = markdown2html(text)
    return re.sub(r'href="([0-9]{2}_\w+)\.ipynb"', r'href="\1.html"', page)


def _coloured(source: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(source, PythonLexer(), HtmlFormatter(nowrap=False))


def _code_colours() -> str:
    from pygments.formatters import HtmlFormatter

    pale = ".highlight { background: #f8f8f8; }"  # on which all letters of the style have a contrast of 4.5 or more
    return f"{HtmlFormatter(style='xcode').get_style_defs('.highlight')}\n{pale}"


def _output(output: NotebookNode) -> str:
    if output.output_type == "stream":
        return f"<pre>{html.escape(output.text.rstrip())}</pre>"
    data = output.get("data", {})
    if "text/html" in data:
        return data["text/html"]
    if "image/png" in data:
        words = html.escape(output.metadata.get("image/png", {}).get("alt", ""))
        source = f"data:image/png;base64,{data['image/png'].strip()}"
        return f'<img src="{source}" alt="{words}" width="{_picture_size(output)[0]:.0f}">'
    return f"<pre>{html.escape(data.get('text/plain', ''))}</pre>"


def _height(part: Part) -> float:
    """Estimate the pixels that a part of a cell takes on a slide."""
    cell, kind = part
    if kind == "prose":
        return sum(34 * (1 + len(line) // 105) for line in cell.source.splitlines() if line.strip()) + 20
    if kind == "code":
        return 25 * len(cell.source.splitlines()) + 40
    return sum(map(_output_height, shown_outputs(cell))) + 20


def _output_height(output: NotebookNode) -> float:
    data = output.get("data", {})
    if "text/html" in data:
        rows = len(re.findall(r"<tr|<p|<div", data["text/html"]))
        return max(34 * rows, len(re.sub(r"<[^>]*>", "", data["text/html"])) / 3)
    if "image/png" in data:
        return _picture_size(output)[1]
    text = output.get("text") or data.get("text/plain", "")
    return 24 * len(text.splitlines())


def _picture_size(output: NotebookNode) -> tuple[float, float]:
    """Return width and height in pixels of a picture on a slide: larger than in the notebook, for a room."""
    width, height = struct.unpack(">II", b64decode(output.data["image/png"])[16:24])
    shown = LARGER * output.metadata.get("image/png", {}).get("width", width)
    scale = min(shown / width, WIDEST / width, HIGHEST / height)
    return scale * width, scale * height
