// The page's last part: SmolLM2, read from its own file and run in a thread of its own.
"use strict";
import { Part, Said, counted } from "./page_parts.js";
import { named, nextTokens } from "./pictures.js";
import { Tokenizer } from "./tokenizer.js";

const MOST_TOKENS = 128; // that SmolLM2 reads here: more would take minutes on a phone

// What computes is a worker; ask() sends it something and waits for the answer to that.
class Model {
  constructor(place, tokenizer) {
    this.tokenizer = tokenizer;
    this.worker = new Worker(`${place}worker.js`, { type: "module" });
    this.number = 0;
  }

  ask(message, moved = []) {
    const number = ++this.number;
    return new Promise((resolve, reject) => {
      const failed = () => reject(new Said("SmolLM2 could not run in this browser: try another one, or notebook 12."));
      this.worker.onerror = failed;
      this.worker.onmessage = ({ data }) => {
        if (data.number === number) (data.error ? failed : () => resolve(data.best))();
      };
      this.worker.postMessage({ number, ...message }, moved);
    });
  }
}

export function nextWord(place, { tokenizers, model: file }) {
  const part = new Part("next", place, file ? [tokenizers[0], file] : [], async (vocabulary, packed) => {
    const model = new Model(place, new Tokenizer(tokenizers[0], vocabulary));
    await model.ask({ packed }, [packed]);
    return model;
  });
  const missing = "This site has no SmolLM2: “python3 -m course_utils site --with-model --serve” makes one.";
  const stop = part.form.querySelector("[data-stop]");
  let stopped = false;
  stop.addEventListener("click", () => { stopped = true; });
  const act = (nWords) => async (model) => {
    stopped = false;
    stop.hidden = nWords < 2;
    try {
      await write(model, nWords);
    } finally {
      if (document.activeElement === stop) part.input.focus();
      stop.hidden = true;
    }
  };
  const write = async (model, nWords) => {
    for (let written = 0; ; written++) {
      const ids = model.tokenizer.encode(part.input.value);
      if (!ids.length) {
        part.result.replaceChildren();
        throw new Said("Type a beginning first.");
      }
      if (ids.length > MOST_TOKENS) {
        throw new Said(`These are ${ids.length} tokens, and SmolLM2 reads ${MOST_TOKENS} here: shorten the text.`);
      }
      if (!written) part.say(`Reading ${counted(ids.length, "token")}.`);
      const best = await model.ask({ ids }), word = model.tokenizer.decode([best[0].id]);
      part.result.replaceChildren(...nextTokens(best, model.tokenizer, "SmolLM2's ten likeliest next tokens"));
      if (written === nWords || stopped || !word) {
        const added = written ? `${counted(written, "token")} added. ` : "";
        return part.say(`${added}The likeliest next one is “${named(best[0].id, model.tokenizer)}”.`);
      }
      part.input.value += word;
      part.input.scrollTop = part.input.scrollHeight;
    }
  };
  const run = (nWords) => (file ? part.run(act(nWords)) : part.say(missing));
  part.form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(0);
  });
  for (const button of part.form.querySelectorAll("[data-write]")) {
    button.addEventListener("click", () => run(Number(button.dataset.write)));
  }
}
