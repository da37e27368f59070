// The arithmetic that both language models share. Rows lie one after the other in Float32Arrays.
"use strict";

export function dot(a, aStart, b, bStart, n) {
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0, i = 0;
  for (; i + 3 < n; i += 4) {
    s0 += a[aStart + i] * b[bStart + i];
    s1 += a[aStart + i + 1] * b[bStart + i + 1];
    s2 += a[aStart + i + 2] * b[bStart + i + 2];
    s3 += a[aStart + i + 3] * b[bStart + i + 3];
  }
  for (; i < n; i++) s0 += a[aStart + i] * b[bStart + i];
  return s0 + s1 + s2 + s3;
}

// x (n rows) times the transposed matrix: (n, nIn) -> (n, nOut). `matrix.row(r)` is [an array, where the row begins].
export function product(x, n, matrix, bias = null) {
  const { nOut, nIn } = matrix, out = new Float32Array(n * nOut);
  for (let r = 0; r < nOut; r++) {
    const [row, start] = matrix.row(r);
    for (let t = 0; t < n; t++) out[t * nOut + r] = dot(row, start, x, t * nIn, nIn) + (bias ? bias[r] : 0);
  }
  return out;
}

export function add(x, other) {
  for (let i = 0; i < x.length; i++) x[i] += other[i];
}

// Positive numbers that add up to 1, in place, for the first n numbers of an array.
export function softmax(values, n = values.length) {
  let highest = -Infinity, sum = 0;
  for (let i = 0; i < n; i++) highest = Math.max(highest, values[i]);
  for (let i = 0; i < n; i++) sum += values[i] = Math.exp(values[i] - highest);
  for (let i = 0; i < n; i++) values[i] /= sum;
  return values;
}

// The k likeliest next tokens for some logits.
export function likeliest(logits, k = 10) {
  const shares = softmax(Float64Array.from(logits)), best = [];
  for (let id = 0; id < shares.length; id++) {
    if (best.length === k && shares[id] <= best[k - 1].share) continue;
    const place = best.findIndex((other) => shares[id] > other.share);
    best.splice(place < 0 ? best.length : place, 0, { id, share: shares[id] });
    if (best.length > k) best.pop();
  }
  return best;
}
