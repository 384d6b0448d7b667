/**
 * Where a text stops being JSON: engines tell it in words of their own, or not at all. Pure.
 *
 * Only for texts that JSON.parse has refused: what this takes is not more than it does.
 */
export interface JsonFault {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** What should have stood there. */
  readonly wanted: string;
}

const SPACE = /[ \t\n\r]*/y;
const TEXT = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

interface Place {
  readonly at: number;
  readonly wanted: string;
}

/** Null where the text is JSON after all. */
export function findJsonFault(text: string): JsonFault | null {
  const fault = new Scanner(text).faultOfAll();
  if (!fault) return null;
  const lines = text.slice(0, fault.at).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, wanted: fault.wanted };
}

/** Reads on as long as it is JSON; each part returns its fault, or null and stands behind what it read. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  faultOfAll(): Place | null {
    const fault = this.#value();
    if (fault) return fault;
    this.#take(SPACE);
    return this.#at === this.#text.length ? null : this.#miss('nothing more');
  }

  #value(): Place | null {
    this.#take(SPACE);
    if (this.#skip('{')) return this.#rest('}', () => this.#field());
    if (this.#skip('[')) return this.#rest(']', () => this.#value());
    return this.#take(TEXT) || this.#take(PLAIN) ? null : this.#miss('a value');
  }

  /** What stands in braces or brackets, from behind the first of them. */
  #rest(end: string, part: () => Place | null): Place | null {
    this.#take(SPACE);
    if (this.#skip(end)) return null;
    for (;;) {
      const fault = part();
      if (fault) return fault;
      this.#take(SPACE);
      if (this.#skip(end)) return null;
      if (!this.#skip(',')) return this.#miss(`"," or "${end}"`);
    }
  }

  #field(): Place | null {
    this.#take(SPACE);
    if (!this.#take(TEXT)) return this.#miss('a name in double quotes');
    this.#take(SPACE);
    return this.#skip(':') ? this.#value() : this.#miss('":"');
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at += found[0].length;
    return found !== null;
  }

  #miss(wanted: string): Place {
    return { at: this.#at, wanted };
  }
}
