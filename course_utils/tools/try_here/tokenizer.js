// Byte-level byte pair encoding, as course_utils/tokens/bpe.py has it: a split into words, then merges by rank.
"use strict";

const MOST_REMEMBERED = 20_000;

export class Tokenizer {
  // `packed` is an ArrayBuffer: the first id in four bytes, then for each id the length of its token and its bytes.
  constructor({ name, split }, packed) {
    this.name = name;
    this.split = new RegExp(split, "gu");
    this.ids = new Map(); // from a token to its id; a token is a string with one character for each byte
    this.tokens = new Map();
    this.known = new Map();
    const bytes = new Uint8Array(packed);
    let id = new DataView(packed).getUint32(0, true);
    for (let place = 4; place < bytes.length; id++) {
      const end = place + 1 + bytes[place];
      const token = String.fromCharCode(...bytes.subarray(place + 1, end));
      if (token) {
        this.ids.set(token, id);
        this.tokens.set(id, token);
      }
      place = end;
    }
  }

  get size() { return this.ids.size; }

  encode(text) {
    return (text.match(this.split) ?? []).flatMap((word) => {
      if (this.known.size > MOST_REMEMBERED) this.known.clear();
      if (!this.known.has(word)) this.known.set(word, this.#merge(asBytes(word)));
      return this.known.get(word);
    });
  }

  pieces(text) { return this.encode(text).map((id) => ({ id, bytes: this.bytes([id]) })); }

  bytes(ids) { return Uint8Array.from(ids.map((id) => this.tokens.get(id) ?? "").join(""), (c) => c.charCodeAt(0)); }

  decode(ids) { return new TextDecoder().decode(this.bytes(ids)); }

  // The pair with the lowest id is merged first, of equal ones the leftmost.
  #merge(word) {
    const parts = [...word].filter((byte) => this.ids.has(byte));
    const whole = this.ids.get(parts.join(""));
    if (whole !== undefined) return [whole];
    const rank = (i) => (i + 1 < parts.length && this.ids.get(parts[i] + parts[i + 1])) || Infinity;
    const ranks = parts.map((_, i) => rank(i));
    while (parts.length > 1) {
      let best = 0;
      for (let i = 1; i < ranks.length; i++) if (ranks[i] < ranks[best]) best = i;
      if (ranks[best] === Infinity) break;
      parts.splice(best, 2, parts[best] + parts[best + 1]);
      ranks.splice(best + 1, 1);
      ranks[best] = rank(best);
      if (best) ranks[best - 1] = rank(best - 1);
    }
    return parts.map((part) => this.ids.get(part));
  }
}

function asBytes(text) {
  let found = "";
  for (const byte of new TextEncoder().encode(text)) found += String.fromCharCode(byte);
  return found;
}
