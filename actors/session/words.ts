/** Whole words of a text: `auth` is not in `author`, and `web service` is in `Web-Service`. */

export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** How many of `phrases` (one word or more each, lower case) stand in the text as whole words. */
export function countPhrases(text: string, phrases: readonly string[]): number {
  const haystack = ` ${wordsOf(text).join(' ')} `;
  return phrases.filter((phrase) => haystack.includes(` ${phrase} `)).length;
}
