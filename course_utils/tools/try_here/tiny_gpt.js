// The tiny GPT of notebook 13, forward: the same computation as course_utils/tiny_gpt/model.py.
"use strict";
import { add, dot, product, softmax } from "./numbers.js";

const EPSILON = 1e-5, BASE = 1000; // of the layer norms and of the rotary positions

// A safetensors file: the length of a header in eight bytes, the header in JSON, then the numbers.
export function readSafetensors(packed) {
  const size = Number(new DataView(packed).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, 8, size)));
  const { __metadata__: facts, ...entries } = header, tensors = {};
  for (const [name, { data_offsets: [start, end], shape }] of Object.entries(entries)) {
    const data = new Float32Array(packed.slice(8 + size + start, 8 + size + end));
    const [nOut, nIn] = shape;
    tensors[name] = { data, nOut, nIn, row: (r) => [data, r * nIn] };
  }
  return { facts, tensors };
}

export class TinyGPT {
  constructor(packed) {
    const { facts, tensors } = readSafetensors(packed);
    Object.assign(this, { plan: JSON.parse(facts.tiny_gpt_plan), tensors });
  }

  // Read ids: the logits after the last one, and the attention of each block and head as rows of n shares.
  read(ids) {
    const n = ids.length, width = this.plan.d_model, attention = [];
    const x = new Float32Array(n * width);
    ids.forEach((id, t) => x.set(this.tensors["tokens.weight"].data.subarray(id * width, (id + 1) * width), t * width));
    for (let block = 0; block < this.plan.n_layers; block++) {
      const name = `blocks.${block}`;
      attention.push(this.#attend(x, n, name));
      const wide = this.#linear(this.#norm(x, n, `${name}.norm_2`), n, `${name}.widen`).map(gelu);
      add(x, this.#linear(wide, n, `${name}.narrow`));
    }
    const last = this.#norm(x.slice((n - 1) * width), 1, "norm");
    return { logits: this.#linear(last, 1, "head"), attention };
  }

  #attend(x, n, block) {
    const { d_model: width, n_heads: nHeads } = this.plan, size = width / nHeads;
    const qkv = this.#linear(this.#norm(x, n, `${block}.norm_1`), n, `${block}.attention.qkv`);
    for (let t = 0; t < n; t++) {
      for (let head = 0; head < 2 * nHeads; head++) rotate(qkv, t * 3 * width + head * size, size, t);
    }
    const mixed = new Float32Array(n * width), maps = [];
    for (let head = 0; head < nHeads; head++) {
      const at = (t, part) => t * 3 * width + part * width + head * size; // of the query, the key or the value
      const map = Array.from({ length: n }, () => new Float64Array(n));
      map.forEach((shares, t) => {
        for (let s = 0; s <= t; s++) shares[s] = dot(qkv, at(t, 0), qkv, at(s, 1), size) / Math.sqrt(size);
        softmax(shares, t + 1);
        for (let s = 0; s <= t; s++) {
          for (let i = 0; i < size; i++) mixed[t * width + head * size + i] += shares[s] * qkv[at(s, 2) + i];
        }
      });
      maps.push(map);
    }
    add(x, this.#linear(mixed, n, `${block}.attention.output`));
    return maps;
  }

  #linear(x, n, name) {
    return product(x, n, this.tensors[`${name}.weight`], this.tensors[`${name}.bias`]?.data);
  }

  #norm(x, n, name) {
    const width = this.plan.d_model, out = new Float32Array(n * width);
    const scale = this.tensors[`${name}.weight`].data, shift = this.tensors[`${name}.bias`].data;
    for (let t = 0; t < n; t++) {
      const row = x.subarray(t * width, (t + 1) * width);
      const mean = row.reduce((sum, value) => sum + value, 0) / width;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
      const root = Math.sqrt(variance + EPSILON);
      row.forEach((value, i) => { out[t * width + i] = ((value - mean) / root) * scale[i] + shift[i]; });
    }
    return out;
  }
}

// A pair is a number from each half of the row; the later the position, the further it turns.
function rotate(x, start, size, position) {
  const half = size / 2;
  for (let i = 0; i < half; i++) {
    const angle = position * BASE ** ((-2 * i) / size), cos = Math.cos(angle), sin = Math.sin(angle);
    const left = x[start + i], right = x[start + half + i];
    x[start + i] = left * cos - right * sin;
    x[start + half + i] = left * sin + right * cos;
  }
}

const gelu = (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));

// Abramowitz and Stegun, 7.1.26: at most 1.5e-7 off.
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}
