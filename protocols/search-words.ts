/**
 * The words of what somebody looks for. Marks part words, as `search_words` in the migrations cuts the texts; the rest of
 * cutting and folding is the store's own.
 */

const PARTS = /[\s!-/:-@[-`{-~]+/;

/** Each stands for all words that begin with it. None: nothing to look for. */
export function toSearchWords(search: string): string[] {
  return search
    .replaceAll('\u0000', ' ')
    .split(PARTS)
    .filter((word) => word.length > 0);
}

/** Whether each of the words begins a word of the text. */
export function hasWords(text: string, words: readonly string[]): boolean {
  const there = toSearchWords(text.toLowerCase());
  return words.every((word) => there.some((one) => one.startsWith(word.toLowerCase())));
}

/** Of a text that is searched; what is beyond is not found. */
const TEXT_CHARS_MAX = 12_000;
const LEXEME_CHARS_MAX = 200;

/** All that an actor is found by: its words, `=label` and `==tenant/type`, each once. */
export function toLexemes(parts: {
  readonly kind: string;
  readonly text: string;
  readonly labels: readonly string[];
}): string[] {
  const words = toSearchWords(parts.text.slice(0, TEXT_CHARS_MAX).toLowerCase());
  const lexemes = [`==${parts.kind}`, ...parts.labels.map((label) => `=${oneLine(label)}`), ...words];
  return [...new Set(lexemes.map((lexeme) => lexeme.slice(0, LEXEME_CHARS_MAX)))];
}

/** Labels as their column holds them: a line each. */
export function toLabelText(labels: readonly string[]): string {
  return labels.map(oneLine).join('\n');
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]/g, ' ');
}
