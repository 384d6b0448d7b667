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

/** Labels as their column holds them: a line each. */
export function toLabelText(labels: readonly string[]): string {
  return labels.map((label) => label.replaceAll(/[\r\n]/g, ' ')).join('\n');
}
