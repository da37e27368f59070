// What the models computed, to look at: attention as a table of shares, and the likeliest next tokens.
"use strict";
import { spelled } from "./chips.js";
import { element } from "./page_parts.js";

// A token as text; SmolLM2's special tokens stand for none, and the one that it writes is the end of a text.
export const named = (id, tokenizer) => spelled(tokenizer.bytes([id])) || "the end of the text";

const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;

// The likeliest next tokens with their shares, as a table with bars.
export function nextTokens(best, tokenizer, caption) {
  const rows = best.map(({ id, share }) => {
    const bar = element("div", { className: "try-bar" });
    bar.style.width = `${(100 * share) / best[0].share}%`;
    const word = element("th", { scope: "row", textContent: named(id, tokenizer) });
    return element("tr", {}, word, element("td", { textContent: percent(share) }), element("td", {}, bar));
  });
  const table = element("table", { className: "try-words" }, element("tbody", {}, ...rows));
  return [element("h3", { textContent: caption }), table];
}

// All heads as small pictures to choose from, and the chosen one as a table.
export function attentionMaps(attention, labels) {
  const place = element("div", { className: "try-scroll", tabIndex: 0, role: "region" });
  const buttons = attention.flatMap((heads, block) => heads.map((map, head) => {
    const name = `block ${block}, head ${head}`;
    const facts = { type: "button", title: name, aria: { label: name, pressed: "false" } };
    const picture = element("button", facts, small(map), element("span", { textContent: `${block}.${head}` }));
    picture.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === picture));
      place.setAttribute("aria-label", `Attention of ${name}`);
      place.replaceChildren(table(map, labels, name));
    });
    return picture;
  }));
  buttons[Math.min(4, buttons.length - 1)].click();
  const group = { className: "try-heads", role: "group", aria: { label: "Heads to look at" } };
  const row = element("div", group, ...buttons);
  return [element("h3", { textContent: "Sixteen heads: choose one" }), row, place];
}

function small(map) {
  const picture = element("canvas", { width: map.length, height: map.length });
  const brush = picture.getContext("2d");
  map.forEach((shares, t) => shares.forEach((share, s) => {
    brush.fillStyle = `rgba(0, 114, 178, ${s > t ? 0 : 0.06 + 0.94 * share})`;
    brush.fillRect(s, t, 1, 1);
  }));
  return picture;
}

function table(map, labels, name) {
  const head = labels.map((label) => element("th", { scope: "col", textContent: label }));
  const rows = map.map((shares, t) => {
    const cells = labels.map((_, s) => {
      const cell = element("td", { textContent: s > t ? "" : (100 * shares[s]).toFixed(0) });
      cell.style.background = s > t ? "" : `rgba(0, 114, 178, ${(0.5 * shares[s]).toFixed(3)})`;
      return cell;
    });
    return element("tr", {}, element("th", { scope: "row", textContent: labels[t] }), ...cells);
  });
  const caption = `${name}, in percent: each row's token looks at the columns' tokens`;
  const top = element("tr", {}, element("td"), ...head);
  return element("table", { className: "try-map" }, element("caption", { textContent: caption }),
    element("thead", {}, top), element("tbody", {}, ...rows));
}
