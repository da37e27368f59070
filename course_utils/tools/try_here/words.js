// What a word is, by the rules of course_utils/words.py; the lists of letters and words come from there.
"use strict";

const RUN = /[\p{L}\p{N}_][\p{L}\p{N}\p{M}_\u00ad\u200c\u200d]*/gu;
const MARKS = "[\\p{M}\\u00ad\\u200c\\u200d]*";
const KOREAN = "(?=\\p{L})\\p{Script=Hangul}";
const SCRIPTS = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"];
const UNSPACED = `(?=\\p{L})[${SCRIPTS.map((name) => `\\p{Script=${name}}`).join("")}ー]`;
const PIECED = new RegExp(`${KOREAN}|${UNSPACED}`, "u");
const OTHER = `(?!${KOREAN}|${UNSPACED})[\\p{L}\\p{N}_]`;
const PART = new RegExp([KOREAN, UNSPACED, OTHER].map((letter) => `(?:${letter}${MARKS})+`).join("|"), "gu");
const LETTER = new RegExp(`\\P{M}${MARKS}`, "gu");
const BEGINS_KOREAN = new RegExp(`^${KOREAN}`, "u");

const isAscii = (text) => !/[^\x00-\x7f]/.test(text);
const all = (pattern, text) => text.match(pattern) ?? [];

export class Words {
  constructor(rules) {
    this.rules = rules;
    this.asked = new Set(rules.question);
  }

  words(text) {
    if (!PIECED.test(text)) return this.whole(text);
    return this.whole(text).flatMap((word) => (PIECED.test(word) ? all(PART, word).flatMap(pieces) : [word]));
  }

  queryWords(query) {
    const found = this.words(query);
    const kept = found.filter((word) => !this.asked.has(word));
    return kept.length ? kept : found;
  }

  whole(text) {
    return all(RUN, text).flatMap((run) => (isAscii(run) ? [run.toLowerCase()] : all(RUN, this.fold(run))));
  }

  fold(word) {
    const { unseen, plain, lastWithAccents } = this.rules;
    let kept = "", accented = false;
    const same = [...word.normalize("NFKC")].map(foldCase).filter((letter) => !unseen.includes(letter)).join("");
    for (const letter of same.normalize("NFD")) {
      const mark = /^\p{M}/u.test(letter);
      if (mark && accented) continue;
      if (!mark) accented = letter <= lastWithAccents;
      kept += letter;
    }
    return [...kept.normalize("NFC")].map((letter) => plain[letter] ?? letter).join("");
  }
}

// Unicode folds Cherokee to its capitals, and every other script to its small letters.
function foldCase(letter) {
  if (/\p{Script=Cherokee}/u.test(letter)) return letter.toUpperCase();
  return letter.toLowerCase().toUpperCase().toLowerCase();
}

function pieces(part) {
  const letters = PIECED.test(part) ? all(LETTER, part) : [];
  const whole = letters.length < 2 || (letters.length > 2 && BEGINS_KOREAN.test(part)) ? [part] : [];
  return [...whole, ...letters.slice(1).map((letter, i) => letters[i] + letter)];
}
