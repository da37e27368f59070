// BM25 over an inverted index, as course_utils/search/bm25.py computes it; articles.py says how the file is laid out.
"use strict";

const TIE = 1e-6;

export class BM25 {
  constructor(packed, { k1 = 1.2, b = 0.75 } = {}) {
    const [nTexts, nWords, nEntries] = new Uint32Array(packed, 0, 3);
    let place = 12;
    const take = (Kind, n) => {
      const part = new Kind(packed, place, n);
      place += part.byteLength;
      return part;
    };
    this.starts = take(Uint32Array, nWords + 1);
    const lengths = take(Uint16Array, nTexts);
    this.texts = take(Uint16Array, nEntries);
    this.counts = take(Uint8Array, nEntries);
    this.rows = new Map();
    for (const word of new TextDecoder().decode(new Uint8Array(packed, place)).split("\n")) {
      if (this.rows.size < nWords) this.rows.set(word, this.rows.size);
    }
    const mean = lengths.reduce((sum, length) => sum + length, 0) / nTexts;
    this.penalties = Float64Array.from(lengths, (length) => k1 * (1 - b + (b * length) / mean));
    this.nTexts = nTexts;
  }

  // What each text gets for one word: pairs of a text and a number.
  *postings(word) {
    const row = this.rows.get(word);
    if (row === undefined) return;
    const n = this.starts[row + 1] - this.starts[row];
    const rarity = Math.log1p((this.nTexts - n + 0.5) / (n + 0.5));
    for (let entry = this.starts[row]; entry < this.starts[row + 1]; entry++) {
      const text = this.texts[entry], count = this.counts[entry];
      yield [text, (rarity * count) / (count + this.penalties[text])];
    }
  }

  // The best texts for some words; equal ones in their order. `parts` says what each word adds.
  search(words, k = 10) {
    const scores = new Float64Array(this.nTexts), found = new Map();
    for (const word of words) {
      for (const [text, score] of this.postings(word)) {
        scores[text] += score;
        if (!found.has(text)) found.set(text, new Map());
        found.get(text).set(word, (found.get(text).get(word) ?? 0) + score);
      }
    }
    const steps = (text) => Math.round(scores[text] / TIE);
    const best = [...found.keys()].sort((one, other) => steps(other) - steps(one) || one - other).slice(0, k);
    return best.map((position) => ({ position, score: scores[position], parts: [...found.get(position)] }));
  }
}
