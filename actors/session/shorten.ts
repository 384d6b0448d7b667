/** Texts as a session keeps them of each task: short enough that a thousand fit into its state. The task has all. Pure. */

const TITLE_BYTES_MAX = 160;
const ERROR_BYTES_MAX = 200;
/** Of one UTF-16 unit in UTF-8. */
const BYTES_PER_CHAR_MAX = 3;

export function shortTitle(title: string): string {
  return shorten(title, TITLE_BYTES_MAX);
}

export function shortError(error: string | null): string | null {
  return error === null ? null : shorten(error, ERROR_BYTES_MAX);
}

/** Cut at a whole character, and marked as cut. */
function shorten(text: string, bytesMax: number): string {
  if (text.length * BYTES_PER_CHAR_MAX <= bytesMax) return text;
  let bytes = 0;
  let kept = '';
  for (const char of text) {
    bytes += bytesOf(char);
    if (bytes > bytesMax) return `${kept.trimEnd()}…`;
    kept += char;
  }
  return text;
}

function bytesOf(char: string): number {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}
