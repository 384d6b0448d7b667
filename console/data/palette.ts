/** Finds commands by what was typed: every letter in its order, best where words begin with them. Pure. */
export interface Command {
  readonly name: string;
  /** What it is of: `screen`, `session`, the group of a key. */
  readonly kind: string;
  readonly keys?: string;
  readonly act: () => void;
}

const SHOWN_MAX = 12;

/** The commands that fit, the best first. */
export function findCommands(commands: readonly Command[], typed: string): Command[] {
  const wanted = typed.trim().toLowerCase();
  return commands
    .map((command) => ({ command, score: scoreOf(`${command.name} ${command.kind}`.toLowerCase(), wanted) }))
    .filter(({ score }) => score !== null)
    .sort((a, b) => (b.score ?? 0) - (a.score ?? 0))
    .slice(0, SHOWN_MAX)
    .map(({ command }) => command);
}

/** Null where a letter is missing. Letters side by side and at the beginning of a word count more. */
function scoreOf(text: string, wanted: string): number | null {
  let score = 0;
  let from = 0;
  let last = -2;
  for (const letter of wanted) {
    if (letter === ' ') continue;
    const at = text.indexOf(letter, from);
    if (at === -1) return null;
    if (at === last + 1) score += 3;
    if (at === 0 || text[at - 1] === ' ') score += 2;
    score -= Math.min(at - from, 5) / 10;
    last = at;
    from = at + 1;
  }
  return score;
}
