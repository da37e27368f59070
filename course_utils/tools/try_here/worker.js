// SmolLM2 in a thread of its own, so that the page stays responsive while it computes.
"use strict";
import { Llama } from "./llama.js";
import { likeliest } from "./numbers.js";

let model = null;

onmessage = ({ data: { number, packed, ids } }) => {
  try {
    if (packed) model = new Llama(packed);
    postMessage({ number, best: ids ? likeliest(model.read(ids)) : [] });
  } catch (error) {
    postMessage({ number, error: error.message });
  }
};
