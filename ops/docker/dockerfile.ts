/**
 * Reads a Dockerfile: its stages and their instructions, with lines joined and JSON forms parsed. It knows what ours
 * uses, and refuses the rest by its line, so that a misspelt instruction is found here and not in a build.
 */

export interface Instruction {
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  /** The words after the flags; of the JSON form its elements; of RUN one text. */
  readonly words: readonly string[];
  readonly isJson: boolean;
  readonly line: number;
}

export interface Stage {
  readonly name: string;
  /** An image, or an earlier stage. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

const KNOWN = new Set([
  ...['FROM', 'LABEL', 'ENV', 'WORKDIR', 'COPY', 'RUN', 'USER', 'STOPSIGNAL'],
  ...['EXPOSE', 'VOLUME', 'HEALTHCHECK', 'CMD'],
]);

/** Throws with the line of what it doesn't understand. */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const { line, text: joined } of joinLines(text)) {
    const instruction = parseInstruction(joined, line);
    if (instruction.name !== 'FROM') {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`line ${line}: ${instruction.name} stands before any FROM`);
      stage.instructions.push(instruction);
      continue;
    }
    const [from = '', as = '', name = ''] = instruction.words;
    if (as.toUpperCase() !== 'AS' || name === '') throw new Error(`line ${line}: a stage needs a name`);
    stages.push({ name, from, instructions: [] });
  }
  return stages;
}

/** The instructions of a stage after those of the stages that it begins with, and the image below them all. */
export function flattenStage(stages: readonly Stage[], name: string): { image: string; all: Instruction[] } {
  const stage = stages.find((one) => one.name === name);
  if (stage === undefined) throw new Error(`there is no stage ${name}`);
  const isStage = stages.some((one) => one.name === stage.from);
  const below = isStage ? flattenStage(stages, stage.from) : { image: stage.from, all: [] };
  return { image: below.image, all: [...below.all, ...stage.instructions] };
}

/** What ENV lines set, later ones over earlier ones. */
export function environmentOf(instructions: readonly Instruction[]): Record<string, string> {
  const pairs = instructions.filter(({ name }) => name === 'ENV').flatMap(({ words }) => words);
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

type Joined = { readonly line: number; readonly text: string };

function joinLines(text: string): readonly Joined[] {
  const joined: Joined[] = [];
  let isOpen = false;
  for (const [index, raw] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(raw)) continue;
    const before = isOpen ? joined.pop() : undefined;
    isOpen = raw.trimEnd().endsWith('\\');
    const part = (isOpen ? raw.trimEnd().slice(0, -1) : raw).trim();
    joined.push({ line: before?.line ?? index + 1, text: `${before?.text ?? ''} ${part}`.trim() });
  }
  if (isOpen) throw new Error(`line ${joined.at(-1)?.line}: it goes on after the end`);
  return joined;
}

function parseInstruction(text: string, line: number): Instruction {
  const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(text) ?? [];
  if (!KNOWN.has(name))
    throw new Error(`line ${line}: "${name || text}" is no instruction that is known here`);
  const flags: Record<string, string> = {};
  let body = rest.trim();
  for (let flag = readFlag(body); flag !== null; flag = readFlag(body)) {
    flags[flag.key] = flag.value;
    body = body.slice(flag.length);
  }
  // HEALTHCHECK's own command, of which only the JSON form runs without a shell.
  const command = name === 'HEALTHCHECK' ? body.replace(/^CMD\s+/, '') : body;
  if (command.startsWith('[')) return { name, flags, words: parseJson(command, line), isJson: true, line };
  const words = name === 'RUN' ? [body] : splitWords(body);
  return { name, flags, words, isJson: false, line };
}

function readFlag(text: string): { key: string; value: string; length: number } | null {
  const found = /^--([\w-]+)=(\S+)\s*/.exec(text);
  return found && { key: found[1] ?? '', value: found[2] ?? '', length: found[0].length };
}

function parseJson(text: string, line: number): readonly string[] {
  const parsed: unknown = JSON.parse(text);
  const isWords = Array.isArray(parsed) && parsed.every((word) => typeof word === 'string');
  if (!isWords) throw new Error(`line ${line}: the JSON form is a list of words`);
  return parsed as string[];
}

/** Words apart by spaces; quotes hold them together. */
function splitWords(text: string): readonly string[] {
  return [...text.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ''));
}
