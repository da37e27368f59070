// The page's four parts: each fetches its files at the first press, then answers from them.
"use strict";
import { BM25 } from "./bm25.js";
import { chips, spelled } from "./chips.js";
import { likeliest } from "./numbers.js";
import { nextWord } from "./next_word.js";
import { Part, Said, counted, element, text } from "./page_parts.js";
import { attentionMaps, named, nextTokens } from "./pictures.js";
import { TinyGPT } from "./tiny_gpt.js";
import { Tokenizer } from "./tokenizer.js";
import { Words } from "./words.js";

export async function start(place) {
  const facts = await (await fetch(`${place}facts.json`, { cache: "no-cache" })).json();
  tokens(place, facts);
  search(place, facts);
  attention(place, facts);
  nextWord(place, facts);
}

function tokens(place, { tokenizers }) {
  const make = (...packed) => tokenizers.map((facts, i) => new Tokenizer(facts, packed[i]));
  const part = new Part("tokens", place, tokenizers, make);
  const show = (ready) => {
    const cut = ready.map((tokenizer) => [tokenizer, tokenizer.pieces(part.input.value)]);
    part.say(`${cut.map(([{ name }, pieces]) => `${name}: ${counted(pieces.length, "token")}`).join("; ")}.`);
    part.result.replaceChildren(...cut.flatMap(([{ name, size }, pieces]) => [
      element("h3", { textContent: `${name}, which knows ${size.toLocaleString("en")} tokens` }), chips(pieces)]));
  };
  part.onSubmit(show);
  part.input.addEventListener("input", () => part.ready && part.run(show));
}

function search(place, { articles, words: rules }) {
  const words = new Words(rules);
  const make = (shown, index) => ({ ...JSON.parse(text(shown)), bm25: new BM25(index) });
  const part = new Part("search", place, articles, make);
  part.onSubmit(({ titles, beginnings, bm25 }) => {
    if (!part.input.value.trim()) throw new Said("Type a question first.");
    const asked = words.queryWords(part.input.value), hits = bm25.search(asked);
    part.say(hits.length ? `The best ${hits.length} of ${counted(titles.length, "article")} for ${asked.join(", ")}.`
      : "No article has any of these words.");
    part.result.replaceChildren(element("ol", { className: "try-hits" }, ...hits.map(({ position, score, parts }) => {
      const why = parts.map(([word, value]) => `${word} ${value.toFixed(2)}`).join(" + ");
      return element("li", {}, element("b", { textContent: titles[position] }), element("br"), beginnings[position],
        element("small", { textContent: `score ${score.toFixed(2)} = ${why}` }));
    })));
  });
}

function attention(place, { tiny }) {
  const make = (vocabulary, weights) => ({ tokenizer: new Tokenizer(tiny, vocabulary), model: new TinyGPT(weights) });
  const part = new Part("attention", place, tiny.files, make);
  part.onSubmit(({ tokenizer, model }) => {
    const pieces = tokenizer.pieces(part.input.value), most = model.plan.context;
    if (!pieces.length) throw new Said("Type a sentence first.");
    if (pieces.length > most) {
      throw new Said(`These are ${pieces.length} tokens, and the tiny GPT reads ${most}: shorten the sentence.`);
    }
    const { logits, attention: maps } = model.read(pieces.map(({ id }) => id)), best = likeliest(logits);
    const next = named(best[0].id, tokenizer);
    part.say(`${counted(pieces.length, "token")} read. The likeliest next one is “${next}”.`);
    part.result.replaceChildren(...attentionMaps(maps, pieces.map(({ bytes }) => spelled(bytes))),
      ...nextTokens(best, tokenizer, "The tiny GPT's ten likeliest next tokens"));
  });
}
