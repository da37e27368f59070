// Tokens as coloured chips, grouped and marked as course_utils/tokens/view.py does it.
"use strict";
import { element } from "./page_parts.js";

const N_HUES = 5;
const MARKS = { " ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍" };
const WITHOUT_A_MARK = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zs}\p{Zl}\p{Zp}]/u;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const utf8 = new TextDecoder();

export function visible(character) {
  const number = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  return MARKS[character] ?? (WITHOUT_A_MARK.test(character) ? `U+${number}` : character);
}

// What can be printed for the bytes of a token: pairs of a text, and whether it is the text itself.
export function visibleParts(bytes) {
  const parts = [];
  for (let place = 0; place < bytes.length; ) {
    const size = bytes[place] < 0x80 ? 1 : bytes[place] >= 0xf0 ? 4 : bytes[place] >= 0xe0 ? 3 : 2;
    const character = utf8.decode(bytes.subarray(place, place + size));
    const whole = [...character].length === 1 && character !== "\ufffd";
    const shown = whole ? visible(character) : bytes[place].toString(16).toUpperCase().padStart(2, "0");
    const orphan = whole && !parts.length && /\p{M}/u.test(character);
    const kind = !whole ? "byte" : shown === character && !orphan ? "plain" : "mark";
    const last = parts.at(-1);
    if (last?.kind === kind && kind !== "mark") last.text += (kind === "byte" ? "·" : "") + shown;
    else parts.push({ text: (orphan ? "\u25cc" : "") + shown, kind });
    place += whole ? size : 1;
  }
  return parts.map(({ text, kind }) => [text, kind === "plain"]);
}

// Groups of tokens that no character crosses the border of.
export function wholeCharacters(pieces) {
  const groups = [];
  let group = [], missing = 0;
  for (const piece of pieces) {
    group.push(piece);
    for (const byte of piece.bytes) {
      if (byte >= 0x80 && byte < 0xc0) missing = Math.max(0, missing - 1);
      else missing = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
    }
    if (missing) continue;
    groups.push(group);
    group = [];
  }
  return group.length ? [...groups, group] : groups;
}

export const spelled = (bytes) => visibleParts(bytes).map(([text]) => text).join("");

export function chips(pieces) {
  const row = element("div", { className: "try-chips" });
  let number = 0, place = row;
  for (const group of wholeCharacters(pieces)) {
    const text = utf8.decode(Uint8Array.from(group.flatMap((piece) => [...piece.bytes])));
    if (RIGHT_TO_LEFT.test(text) && place === row) row.append((place = element("span", { dir: "rtl" })));
    else if (!RIGHT_TO_LEFT.test(text) && /[\p{L}\n]/u.test(text)) place = row;
    const shown = group.map((piece) => chip(piece, number++));
    if (group.length === 1) place.append(...shown);
    else place.append(spread(text, shown));
    if (text.includes("\n")) place.append(element("br"));
  }
  return row;
}

function chip({ id, bytes }, number) {
  const inside = visibleParts(bytes).map(([text, plain]) => (plain ? text : element("i", { textContent: text })));
  const below = element("sub", { textContent: id });
  return element("kbd", { className: `k${number % N_HUES}`, title: `id ${id}` }, ...inside, below);
}

function spread(text, shown) {
  const whole = [...text].map(visible).join("");
  const title = `${whole} is spread over ${shown.length} tokens`;
  return element("span", { className: "c", title }, `${whole}\u2009`, ...shown);
}
