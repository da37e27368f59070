// A GGUF file: what it says of the model, and its weights, in 4 or 8 bits each.
"use strict";

const SIZES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8]; // bytes of each kind of number
const METHODS = [, , , , "getUint32", "getInt32", "getFloat32"];
const STRING = 8, LIST = 9;
const BLOCK = 32; // numbers that share a scale
const KINDS = { 0: ["F32", 4 * BLOCK], 3: ["Q4_1", 20], 8: ["Q8_0", 34] }; // name, and bytes of a block

export function readGGUF(packed) {
  const view = new DataView(packed), utf8 = new TextDecoder();
  let place = 0;
  const u32 = () => view.getUint32((place += 4) - 4, true);
  const u64 = () => Number(view.getBigUint64((place += 8) - 8, true));
  const string = () => {
    const size = u64();
    return utf8.decode(new Uint8Array(packed, (place += size) - size, size));
  };
  const value = (kind) => {
    if (kind === STRING) return string();
    if (kind === LIST) return skipList(u32(), u64());
    place += SIZES[kind];
    return METHODS[kind] && view[METHODS[kind]](place - SIZES[kind], true);
  };
  const skipList = (item, n) => {
    if (item !== STRING) place += n * SIZES[item];
    else for (let i = 0; i < n; i++) string();
  };
  if (u32() !== 0x46554747) throw new Error("This is no GGUF file.");
  u32(); // the version
  const nTensors = u64(), nFields = u64(), fields = {}, infos = [], tensors = {};
  for (let i = 0; i < nFields; i++) fields[string()] = value(u32());
  for (let i = 0; i < nTensors; i++) {
    const name = string(), shape = Array.from({ length: u32() }, u64);
    infos.push({ name, shape, kind: u32(), offset: u64() });
  }
  const step = fields["general.alignment"] ?? 32, start = Math.ceil(place / step) * step;
  for (const { name, shape, kind, offset } of infos) tensors[name] = new Weights(packed, shape, kind, start + offset);
  return { fields, tensors };
}

const HALVES = new Float32Array(65536); // every number of 16 bits
for (let bits = 0; bits < 65536; bits++) {
  const sign = bits >> 15 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  HALVES[bits] = sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}

// A matrix of blocks that share a scale, or a vector; it stays packed, and each number is unpacked as it is multiplied.
class Weights {
  constructor(packed, [nIn, nOut = 1], kind, offset) {
    if (!KINDS[kind]) throw new Error(`This page reads no weights of kind ${kind}.`);
    const [name, size] = KINDS[kind], nBlocks = nIn / BLOCK;
    Object.assign(this, { nIn, nOut, name, nBlocks, rowBytes: nBlocks * size });
    this.bytes = new Uint8Array(packed, offset, nOut * this.rowBytes);
    this.signed = new Int8Array(packed, offset, nOut * this.rowBytes);
  }

  // The numbers of a vector, which is not packed.
  get all() { return new Float32Array(this.bytes.slice().buffer); }

  // One row of a matrix in 8 bits.
  row(r) {
    const values = new Float32Array(this.nIn);
    for (let block = 0, place = r * this.rowBytes; block < this.nBlocks; block++, place += 34) {
      for (let i = 0; i < BLOCK; i++) values[block * BLOCK + i] = this.#half(place) * this.signed[place + 2 + i];
    }
    return values;
  }

  // x (n rows) times the transposed matrix: (n, nIn) -> (n, nOut).
  product(x, n) {
    const { nIn, nOut, nBlocks, rowBytes } = this, out = new Float32Array(n * nOut);
    const sums = new Float64Array(n * nBlocks); // of each block of x, for what all numbers of a block have in common
    for (let i = 0; i < x.length; i++) sums[Math.floor(i / BLOCK)] += x[i];
    for (let r = 0; r < nOut; r++) {
      for (let t = 0; t < n; t++) {
        out[t * nOut + r] = this.name === "Q4_1"
          ? this.#dotFourBits(r * rowBytes, x, t * nIn, sums, t * nBlocks)
          : this.#dotEightBits(r * rowBytes, x, t * nIn);
      }
    }
    return out;
  }

  #half(place) { return HALVES[this.bytes[place] | (this.bytes[place + 1] << 8)]; }

  // A block: a scale and the lowest value in 16 bits each, then 16 bytes, whose lower halves come first.
  #dotFourBits(place, x, start, sums, block) {
    const { bytes } = this;
    let sum = 0;
    for (const end = start + this.nIn; start < end; start += BLOCK, place += 20, block++) {
      let first = 0, second = 0;
      for (let i = 0; i < 16; i++) {
        const both = bytes[place + 4 + i];
        first += (both & 15) * x[start + i];
        second += (both >> 4) * x[start + 16 + i];
      }
      sum += this.#half(place) * (first + second) + this.#half(place + 2) * sums[block];
    }
    return sum;
  }

  // A block: a scale in 16 bits, then 32 whole numbers from -128 to 127.
  #dotEightBits(place, x, start) {
    const { signed } = this;
    let sum = 0;
    for (const end = start + this.nIn; start < end; start += BLOCK, place += 34) {
      let first = 0, second = 0;
      for (let i = 0; i < 16; i++) {
        first += signed[place + 2 + i] * x[start + i];
        second += signed[place + 18 + i] * x[start + 16 + i];
      }
      sum += this.#half(place) * (first + second);
    }
    return sum;
  }
}
