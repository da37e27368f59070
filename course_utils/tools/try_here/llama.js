// SmolLM2, forward: the same computation as course_utils/transformer/model.py, block by block.
"use strict";
import { readGGUF } from "./gguf.js";
import { add, dot, softmax } from "./numbers.js";

export class Llama {
  constructor(packed) {
    const { fields, tensors } = readGGUF(packed);
    const fact = (name) => fields[`llama.${name}`];
    this.tensors = tensors;
    this.width = fact("embedding_length");
    this.nHeads = fact("attention.head_count");
    this.nShared = fact("attention.head_count_kv"); // heads of keys and values: neighbouring queries share one
    this.size = this.width / this.nHeads;
    this.epsilon = fact("attention.layer_norm_rms_epsilon");
    this.base = fact("rope.freq_base");
    this.blocks = Array.from({ length: fact("block_count") }, (_, block) => `blk.${block}`);
    this.norms = {};
    for (const name of Object.keys(tensors)) if (name.includes("norm")) this.norms[name] = tensors[name].all;
    this.ids = []; // what was read, and the keys and values of each of it
    this.cache = this.blocks.map(() => ({ keys: [], values: [] }));
  }

  // The logits of what follows after ids. What they share with the ids of the last call is not computed again.
  read(ids) {
    let same = 0;
    while (same < Math.min(this.ids.length, ids.length - 1) && this.ids[same] === ids[same]) same++;
    for (const { keys, values } of this.cache) keys.length = values.length = same;
    const fresh = ids.slice(same), n = fresh.length, x = new Float32Array(n * this.width);
    fresh.forEach((id, t) => x.set(this.tensors["token_embd.weight"].row(id), t * this.width));
    this.blocks.forEach((block, number) => {
      const h = this.#norm(x, n, `${block}.attn_norm`);
      add(x, this.#times(this.#attend(h, n, block, this.cache[number], same), n, `${block}.attn_output`));
      add(x, this.#network(this.#norm(x, n, `${block}.ffn_norm`), n, block));
    });
    this.ids = [...ids];
    return this.#times(this.#norm(x.slice((n - 1) * this.width), 1, "output_norm"), 1, "token_embd");
  }

  #attend(h, n, block, { keys, values }, before) {
    const { size, nHeads, nShared, width } = this, shares = new Float64Array(before + n);
    const [q, k, v] = ["q", "k", "v"].map((part) => this.#times(h, n, `${block}.attn_${part}`));
    const mixed = new Float32Array(n * width);
    for (let t = 0; t < n; t++) {
      this.#rotate(q, t * width, nHeads, before + t);
      this.#rotate(k, t * nShared * size, nShared, before + t);
      keys.push(k.slice(t * nShared * size, (t + 1) * nShared * size));
      values.push(v.slice(t * nShared * size, (t + 1) * nShared * size));
      for (let head = 0; head < nHeads; head++) {
        const shared = Math.floor((head * nShared) / nHeads) * size, place = t * width + head * size;
        keys.forEach((key, s) => { shares[s] = dot(q, place, key, shared, size) / Math.sqrt(size); });
        softmax(shares, keys.length);
        values.forEach((value, s) => {
          for (let i = 0; i < size; i++) mixed[place + i] += shares[s] * value[shared + i];
        });
      }
    }
    return mixed;
  }

  // SwiGLU: hidden numbers times their gates.
  #network(h, n, block) {
    const gate = this.#times(h, n, `${block}.ffn_gate`), hidden = this.#times(h, n, `${block}.ffn_up`);
    for (let i = 0; i < gate.length; i++) hidden[i] *= gate[i] / (1 + Math.exp(-gate[i]));
    return this.#times(hidden, n, `${block}.ffn_down`);
  }

  #times(x, n, name) { return this.tensors[`${name}.weight`].product(x, n); }

  #norm(x, n, name) {
    const { width, epsilon } = this, weight = this.norms[`${name}.weight`], out = new Float32Array(n * width);
    for (let t = 0; t < n; t++) {
      const root = Math.sqrt(dot(x, t * width, x, t * width, width) / width + epsilon);
      for (let i = 0; i < width; i++) out[t * width + i] = (x[t * width + i] / root) * weight[i];
    }
    return out;
  }

  // Neighbouring numbers are a pair, and pair i turns by base ** (-2 i / size) radians a position.
  #rotate(x, start, nHeads, position) {
    for (let i = 0; i < this.size / 2; i++) {
      const angle = position * this.base ** ((-2 * i) / this.size), cos = Math.cos(angle), sin = Math.sin(angle);
      for (let head = 0; head < nHeads; head++) {
        const place = start + head * this.size + 2 * i, left = x[place], right = x[place + 1];
        x[place] = left * cos - right * sin;
        x[place + 1] = left * sin + right * cos;
      }
    }
  }
}
