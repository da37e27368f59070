"""Tokens one can see: coloured chips in HTML, and the same in plain text."""

from __future__ import annotations

import html
import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from course_utils.common.errors import InputError
from course_utils.common.visible import visible
from course_utils.tokens.base import Piece

MOST_CHIPS = 1_500  # more of them for one tokenizer would make a browser slow; the rest is counted
DOTTED_CIRCLE = "\u25cc"  # carries a mark that has no letter of its own in its token
HUES = ("0,114,178", "230,159,0", "0,158,115", "204,121,167", "213,94,0")  # Okabe and Ito's
# Boundaries are borders, so that they survive without colour; the text takes the page's own colour, light or dark.
STYLE = (
    "<style>.course-tokens{line-height:2.1;max-width:60em}.course-tokens table{margin:0}"
    ".course-tokens table{border:0}.course-tokens tr{background:none!important}"
    ".course-tokens td{text-align:left!important;vertical-align:top;padding:.2em .6em .2em 0;max-width:none;"
    "line-height:2.1}"
    ".course-tokens td.who{white-space:nowrap;line-height:1.5;padding-top:.6em}"
    ".course-tokens small{opacity:.7}"
    ".course-tokens kbd{display:inline-block;font:inherit;font-family:var(--jp-code-font-family,monospace);"
    "color:inherit;line-height:1.45;min-height:1.45em;min-width:.5em;padding:0 .18em;margin:0 .06em;"
    "border:1px solid;border-radius:.28em;box-shadow:none;text-align:center;white-space:pre;unicode-bidi:isolate}"
    ".course-tokens kbd i{font-style:normal;opacity:.75}"
    ".course-tokens kbd sub{display:block;font-size:.68em;line-height:1.2;opacity:.75;vertical-align:baseline}"
    ".course-tokens kbd.s{border-style:double;border-width:3px;font-weight:bold}"
    ".course-tokens span.c{border-bottom:2px dotted;padding:.1em .1em .2em;margin:0 .15em;white-space:nowrap}"
    + "".join(
        f".course-tokens kbd.k{n}{{background:rgba({hue},.17);border-color:rgba({hue},.85)}}"
        for n, hue in enumerate(HUES)
    )
    + "</style>"
)


class HasPieces(Protocol):
    """What `show_tokens` needs of a tokenizer."""

    name: str

    def pieces(self, text: str) -> list[Piece]:
        """Return the tokens of a text."""


@dataclass(frozen=True)
class TokenView:
    """The tokens of one text, by one tokenizer or several, as chips: `show_tokens` makes it, a notebook shows it."""

    rows: tuple[tuple[str, tuple[Piece, ...]], ...]
    ids: bool = False

    def __repr__(self) -> str:
        if len(self.rows) == 1:
            return self._plain(self.rows[0][1])
        width = max(len(name) for name, _ in self.rows)
        return "\n".join(f"{name:<{width}} {len(pieces):>4}  {self._plain(pieces)}" for name, pieces in self.rows)

    def _repr_html_(self) -> str:
        if len(self.rows) == 1:
            inside = f"<div>{self._chips(self.rows[0][1])}</div><small>{_count(self.rows[0][1])}</small>"
        else:
            inside = "".join(
                f'<tr><td class="who"><b>{html.escape(name)}</b><br><small>{_count(pieces)}</small></td>'
                f"<td>{self._chips(pieces)}</td></tr>"
                for name, pieces in self.rows
            )
            inside = f"<table>{inside}</table>"
        return f'{STYLE}<div class="course-tokens">{inside}</div>'

    def _plain(self, pieces: Sequence[Piece]) -> str:
        shown = pieces[:MOST_CHIPS]
        chips = "".join(f"[{_plain(piece)}{f' {piece.id}' if self.ids else ''}]" for piece in shown)
        return chips + _rest(pieces) or "(no tokens)"

    def _chips(self, pieces: Sequence[Piece]) -> str:
        groups = list(whole_characters(pieces[:MOST_CHIPS]))
        number, parts = itertools.count(), []
        for right_to_left, run in itertools.groupby(
            zip(groups, _directions(groups), strict=True), lambda pair: pair[1]
        ):
            chips = "".join(self._group(group, number) for group, _ in run)
            parts.append(f'<span dir="rtl">{chips}</span>' if right_to_left else chips)
        return "".join(parts) + _rest(pieces) or "<i>no tokens</i>"

    def _group(self, group: list[Piece], number: Iterator[int]) -> str:
        """Draw the tokens of one group; a character that is spread over several gets a frame around them."""
        chips = "".join(self._chip(piece, next(number)) for piece in group)
        if len(group) == 1:
            data = group[0].data
            return chips + "<br>" if data.endswith(b"\n") else "<br>" * (b"\n" in data) + chips
        whole = visible(b"".join(piece.data for piece in group).decode("utf-8", "replace"))
        label = html.escape(f"{whole} is spread over {len(group)} tokens", quote=True)
        return f'<span class="c" title="{label}">{html.escape(whole)}&thinsp;{chips}</span>'

    def _chip(self, piece: Piece, number: int) -> str:
        kind = "s" if piece.special else f"k{number % len(HUES)}"
        inside = "".join(
            html.escape(text) if plain else f"<i>{html.escape(text)}</i>" for text, plain in visible_parts(piece.data)
        )
        below = f"<sub>{piece.id}</sub>" if self.ids else ""
        return f'<kbd class="{kind}" title="id {piece.id}">{inside}{below}</kbd>'


def show_tokens(text: str, tokenizer: HasPieces | Sequence[HasPieces], *, ids: bool = False) -> TokenView:
    """Show the tokens of a text as coloured chips, one for each token, with its id on hover (``ids``: written below).

    Spaces, tabs and line ends are visible (``␣``, ``⇥``, ``↵``). A character that is spread over several tokens is
    written before them, and they show their bytes. Special tokens have a double border. Several tokenizers are shown
    one below the other. Where HTML cannot be shown it is plain text, with a pair of brackets for each token.

    Examples
    --------
    >>> from course_utils.tokens import load_tokenizer
    >>> show_tokens("Hello world", load_tokenizer("SmolLM2"))
    [Hello][␣world]
    >>> show_tokens("Hello 🦙", load_tokenizer("SmolLM2"), ids=True)
    [Hello 19556][␣F0·9F 15107][A6 116][99 243]
    """
    several = [tokenizer] if hasattr(tokenizer, "pieces") or not isinstance(tokenizer, Iterable) else list(tokenizer)
    if not several or not all(hasattr(each, "pieces") for each in several):
        raise InputError(
            'show_tokens takes a tokenizer or a list of them: show_tokens(text, load_tokenizer("SmolLM2")).'
        )
    return TokenView(tuple((each.name, tuple(each.pieces(text))) for each in several), ids)


def whole_characters(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    r"""Group tokens so that no character of UTF-8 crosses the border of a group.

    Examples
    --------
    >>> [len(group) for group in whole_characters([Piece(0, b"a"), Piece(1, b"\xc3"), Piece(2, b"\xa9")])]
    [1, 2]
    """
    group: list[Piece] = []
    missing = 0
    for piece in pieces:
        if group and (piece.special or not piece.data or not _is_continuation(piece.data[0]) or not missing):
            yield group
            group, missing = [], 0
        group.append(piece)
        missing = _missing(piece.data, missing)
        if not missing:
            yield group
            group = []
    if group:
        yield group


def visible_parts(data: bytes) -> list[tuple[str, bool]]:
    r"""Return what can be printed for the bytes of a token: ``(text, plain)``, plain where it is the text itself.

    Examples
    --------
    >>> visible_parts(b" is\n")
    [('␣', False), ('is', True), ('↵', False)]
    >>> visible_parts(b" \xf0\x9f")
    [('␣', False), ('F0·9F', False)]
    """
    parts: list[tuple[str, bool]] = []
    decoded = data.decode("utf-8", "surrogateescape")  # bytes of no whole character become U+DC80 to U+DCFF
    for is_byte, run in itertools.groupby(decoded, lambda character: "\udc80" <= character <= "\udcff"):
        if is_byte:
            parts.append(("·".join(f"{ord(byte) - 0xDC00:02X}" for byte in run), False))
            continue
        for character in run:
            text = visible(character)
            plain = text == character
            if not parts and unicodedata.category(character)[0] == "M":
                text, plain = DOTTED_CIRCLE + text, False
            if plain and parts and parts[-1][1]:
                parts[-1] = (parts[-1][0] + text, True)
            else:
                parts.append((text, plain))
    return parts


def _plain(piece: Piece) -> str:
    return "".join(text for text, _ in visible_parts(piece.data))


def _rest(pieces: Sequence[Piece]) -> str:
    return f" … and {len(pieces) - MOST_CHIPS:,} more" if len(pieces) > MOST_CHIPS else ""


def _count(pieces: Sequence[Piece]) -> str:
    return f"{len(pieces):,} token{'s' * (len(pieces) != 1)}"


def _is_continuation(byte: int) -> bool:
    return 0x80 <= byte < 0xC0


def _missing(data: bytes, missing: int) -> int:
    """Count the bytes that the last character still lacks after ``data``, if it lacked ``missing`` before."""
    for byte in data:
        if _is_continuation(byte):
            missing = max(0, missing - 1)
        else:
            missing = 3 if byte >= 0xF0 else 2 if byte >= 0xE0 else 1 if byte >= 0xC0 else 0
    return missing


def _directions(groups: Sequence[Sequence[Piece]]) -> list[bool]:
    """Tell for each group whether it runs from right to left; spaces and marks go with what comes before them."""
    directions, current = [], False
    for group in groups:
        text = b"".join(piece.data for piece in group).decode("utf-8", "ignore")
        strong = [kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")]
        current = strong[0] != "L" if strong else current and "\n" not in text
        directions.append(current)
    return directions
