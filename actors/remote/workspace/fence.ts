/** Output inside Markdown. Pure. */

const OUTPUT_CHARS_MAX = 8_000;

/** A fence longer than any inside. The middle of what is too long is left out, and that is said. */
export function fence(text: string, language = ''): string {
  const half = OUTPUT_CHARS_MAX / 2;
  const left = text.length - OUTPUT_CHARS_MAX;
  const shown =
    left <= 0 ? text : `${text.slice(0, half)}\n… ${left} characters left out …\n${text.slice(-half)}`;
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const mark = '`'.repeat(longest + 1);
  return `${mark}${language}\n${shown}\n${mark}`;
}
