"""What happens in time, one picture after the other: buttons where scripts run, all pictures where they do not."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from course_utils.common.errors import InputError
from course_utils.plotting import small_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW_LETTERS = 12_000  # of an SVG, up to which a PNG is hardly smaller
SAFE_IN_AN_ADDRESS = " !$'()*+,-./:;=?@_~"  # everything that need not be written as %xx between double quotes
OTHER_FONTS = re.compile(r"('DejaVu Sans')[^;\"]*")  # a long list, at each text again
NOT_DRAWN = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)

# Each player on the page is made to play once. Nothing moves by itself: `play` has to be pressed, and it is not offered
# to a reader whose system asks for less motion.
SCRIPT = """
for (const player of document.querySelectorAll('[id="ID"]:not([data-plays])')) {
  player.dataset.plays = "";
  const frames = [...player.querySelectorAll("figure")], screen = document.createElement("div");
  const controls = document.createElement("div"), still = matchMedia("(prefers-reduced-motion: reduce)");
  let shown = 0, clock = null;
  const stop = () => { clearInterval(clock); clock = null; play.textContent = "play"; };
  const show = (number) => {
    shown = Math.max(0, Math.min(frames.length - 1, number));
    frames.forEach((frame, each) => { frame.style.display = each === shown ? "" : "none"; });
    first.disabled = back.disabled = shown === 0;
    forward.disabled = shown === frames.length - 1;
    if (forward.disabled && clock) stop();
  };
  const button = (text, does) => {
    const made = document.createElement("button");
    made.type = "button"; made.textContent = text; made.style.cssText = "margin:0 .4em .4em 0;padding:.2em .8em";
    made.onclick = does; controls.append(made);
    return made;
  };
  const first = button("« first", () => { stop(); show(0); });
  const back = button("‹ back", () => { stop(); show(shown - 1); });
  const forward = button("forward ›", () => { stop(); show(shown + 1); });
  const play = button("play", () => {
    if (clock) return stop();
    if (shown === frames.length - 1) show(0);
    play.textContent = "pause";
    clock = setInterval(() => player.isConnected ? show(shown + 1) : stop(), MILLISECONDS);
  });
  const obey = () => { play.hidden = still.matches; if (still.matches) stop(); };
  still.addEventListener("change", obey);
  player.addEventListener("keydown", (event) => {
    const to = {ArrowLeft: shown - 1, ArrowRight: shown + 1, Home: 0, End: frames.length - 1}[event.key];
    if (to === undefined) return;
    stop(); show(to); event.preventDefault(); event.stopPropagation();
  });
  controls.setAttribute("role", "group"); controls.setAttribute("aria-label", "Step through the pictures");
  screen.setAttribute("aria-live", "polite");
  player.querySelector("details")?.remove();
  screen.append(...frames); player.append(controls, screen); obey(); show(0);
}
"""


@dataclass(frozen=True)
class Player:
    """Pictures to step through, in HTML that shows all of them where scripts do not run. Made by `player`."""

    title: str
    pictures: tuple[str, ...]
    captions: tuple[str, ...]
    width: int
    seconds: float

    def __repr__(self) -> str:
        lines = [f"{number}. {caption}" for number, caption in enumerate(self.captions, 1)]
        return "\n".join([f"[Pictures in a row: {self.title}]", *lines])

    def _repr_html_(self) -> str:
        name = "player-" + hashlib.blake2b(repr(self).encode(), digest_size=6).hexdigest()
        first, *others = (self._frame(number) for number in range(len(self.pictures)))
        script = SCRIPT.replace("ID", name).replace("MILLISECONDS", str(round(1000 * self.seconds)))
        return (
            f'<div id="{name}" style="max-width:{self.width}px"><b>{html.escape(self.title)}</b>{first}'
            f"<details><summary>The pictures that follow</summary>{''.join(others)}</details></div>"
            f"<script>{script}</script>"
        )

    def _frame(self, number: int) -> str:
        caption, style = html.escape(self.captions[number]), "color:inherit;text-align:left"
        return (
            f'<figure style="margin:.4em 0"><img src="{self.pictures[number]}" alt="{caption}" width="{self.width}" '
            f'style="background:#fff;max-width:100%"><figcaption style="{style}">{number + 1} of {len(self.pictures)}. '
            f"{caption}</figcaption></figure>"
        )


def player(frames: Sequence[tuple[Figure, str]], title: str, *, seconds: float = 2.0) -> Player:
    """Put pictures in a row, with buttons to step through them; make it the last line of a cell.

    Parameters
    ----------
    frames : sequence of (matplotlib.figure.Figure, str)
        Two pictures or more of one size, each with a sentence of at least four words that says what has happened: it is
        shown below, and read out to those who cannot see the picture. The figures are closed.
    title : str
        What happens.
    seconds : float
        How long each picture stays while the player plays.

    Raises
    ------
    InputError
        If there are fewer than two pictures, or one of another size, or a sentence is missing.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> player([(plt.figure(), "The sky is grey."), (plt.figure(), "It begins to snow.")], "A winter's day")
    [Pictures in a row: A winter's day]
    1. The sky is grey.
    2. It begins to snow.
    """
    import matplotlib.pyplot as plt

    figures, captions = zip(*frames, strict=True) if len(frames) else ((), ())
    for figure in figures:
        plt.close(figure)
    if len(figures) < 2:
        raise InputError("A player needs two pictures or more: use plotting.show for a single one.")
    if len({tuple(figure.get_size_inches()) for figure in figures}) > 1:
        raise InputError("The pictures of a player must have one size: give each figure the same figsize.")
    if any(len(caption.split()) < 4 for caption in captions):
        raise InputError("Each picture needs a sentence that says what it shows, for readers who cannot see it.")
    width = round(figures[0].get_figwidth() * figures[0].dpi)
    return Player(title, tuple(map(_address, figures)), captions, width, seconds)


def _address(figure: Figure) -> str:
    """Return a figure as the address of an image that holds it: SVG, or PNG where that is smaller."""
    import matplotlib as mpl

    file = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "course", "svg.id": None}):
        figure.savefig(file, format="svg", bbox_inches=figure.bbox_inches, metadata={"Date": None})
    drawn = OTHER_FONTS.sub(r"\1, 'Verdana', sans-serif", NOT_DRAWN.sub("", file.getvalue()))
    drawn = re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", drawn)
    address = "data:image/svg+xml," + quote(re.sub(r"\s+", " ", drawn), safe=SAFE_IN_AN_ADDRESS)
    if len(address) > FEW_LETTERS:
        png, _ = small_png(figure, bbox_inches=figure.bbox_inches)
        address = min(address, f"data:image/png;base64,{base64.b64encode(png).decode()}", key=len)
    return address
