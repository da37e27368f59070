// Small helpers for the page: elements, sentences, files with progress. Text is only ever set as text.
"use strict";

export function element(tag, properties = {}, ...children) {
  const { data = {}, aria = {}, ...others } = properties, made = Object.assign(document.createElement(tag), others);
  Object.assign(made.dataset, data);
  for (const [name, value] of Object.entries(aria)) made.setAttribute(`aria-${name}`, value);
  made.append(...children);
  return made;
}

// An error whose message is a sentence for the reader.
export class Said extends Error {}

// Fetch a file whose size is known, and tell how much has come.
export async function fetchFile(address, size, tell) {
  const failed = () => new Said("The file could not be fetched: check the connection, then press the button again.");
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw failed();
    const reader = answer.body.getReader(), whole = new Uint8Array(size);
    let come = 0;
    for (let part; !(part = await reader.read()).done; come += part.value.length) {
      if (come + part.value.length > size) throw failed();
      whole.set(part.value, come);
      tell(part.value.length);
    }
    if (come < size) throw failed();
    return whole.buffer;
  } catch (error) {
    throw error instanceof Said ? error : failed();
  }
}

export const counted = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

export const text = (buffer) => new TextDecoder().decode(buffer);

// A form of the page: a text that is read, a sentence that is said, a result that is shown.
export class Part {
  constructor(name, place, files, prepare) {
    this.form = document.getElementById(`try-${name}`);
    Object.assign(this, { place, files, prepare, ready: null, running: false });
    this.input = this.form.querySelector("textarea, input");
    this.result = this.form.querySelector(".try-result");
    this.form.querySelector("fieldset").disabled = false;
  }

  say(sentence) { this.form.querySelector(".try-said").textContent = sentence; }

  // Do something with what was typed. What goes wrong is said in a sentence; a second press meanwhile does nothing.
  async run(act) {
    if (this.running) return;
    this.running = true;
    this.result.setAttribute("aria-busy", "true");
    try {
      this.ready ??= this.#fetch();
      await act(await this.ready);
    } catch (error) {
      const unforeseen = `Something went wrong here (${error.message}): load the page again.`;
      this.say(error instanceof Said ? error.message : unforeseen);
    }
    this.result.removeAttribute("aria-busy");
    this.running = false;
  }

  onSubmit(act) {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run(act);
    });
  }

  async #fetch() {
    const bar = this.form.querySelector("progress"), sizes = this.files.map((file) => file.bytes);
    Object.assign(bar, { max: sizes.reduce((sum, size) => sum + size, 0), value: 0, hidden: false });
    this.say("Fetching.");
    try {
      const found = [];
      for (const { file, bytes } of this.files) {
        found.push(await fetchFile(this.place + file, bytes, (come) => { bar.value += come; }));
      }
      const size = this.form.querySelector("small");
      if (size) size.textContent = "fetched";
      return await this.prepare(...found);
    } catch (error) {
      this.ready = null; // so that another press tries again
      throw error;
    } finally {
      bar.hidden = true;
    }
  }
}
