/** Patches as git writes them, read for people: files, hunks, lines with both their numbers. Pure; no patch is refused. */

export interface DiffFile {
  readonly path: string;
  /** Where it was before, if that was elsewhere. */
  readonly oldPath: string | null;
  readonly kind: 'added' | 'deleted' | 'renamed' | 'modified' | 'binary';
  readonly additions: number;
  readonly deletions: number;
  readonly hunks: readonly Hunk[];
}

export interface Hunk {
  /** What git says of where it is: the text behind the second `@@`. */
  readonly context: string;
  readonly range: string;
  readonly lines: readonly DiffLine[];
}

export interface DiffLine {
  readonly type: 'add' | 'delete' | 'same' | 'note';
  readonly oldNumber: number | null;
  readonly newNumber: number | null;
  readonly text: string;
}

interface OpenFile {
  path: string;
  oldPath: string | null;
  kind: DiffFile['kind'];
  additions: number;
  deletions: number;
  hunks: OpenHunk[];
}

interface OpenHunk {
  context: string;
  range: string;
  lines: DiffLine[];
  /** Numbers of the next lines, and how many the head of the hunk still announces. */
  oldNext: number;
  newNext: number;
  oldLeft: number;
  newLeft: number;
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/;

export function parseDiff(patch: string): DiffFile[] {
  const files: OpenFile[] = [];
  const lines = patch.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const line of lines) {
    const hunk = files.at(-1)?.hunks.at(-1);
    const file = files.at(-1);
    // A line of a hunk may look like anything: how many there are says the head.
    if (file && hunk && (hunk.oldLeft > 0 || hunk.newLeft > 0)) takeLine(file, hunk, line);
    else if (line.startsWith('\\')) hunk?.lines.push(note(line.slice(1).trim()));
    else takeHead(files, line);
  }
  return files.map(({ hunks, ...file }) => ({
    ...file,
    hunks: hunks.map(({ context, range, lines: own }) => ({ context, range, lines: own })),
  }));
}

function takeHead(files: OpenFile[], line: string): void {
  const git = /^diff --git (.*)$/.exec(line);
  const file = files.at(-1);
  if (git) {
    const path = pathOfGit(git[1] ?? '');
    files.push({ path, oldPath: null, kind: 'modified', additions: 0, deletions: 0, hunks: [] });
  } else if (line.startsWith('--- ') && (!file || file.hunks.length > 0)) {
    // A patch without git's own lines.
    files.push({
      path: plain(line.slice(4)),
      oldPath: null,
      kind: 'modified',
      additions: 0,
      deletions: 0,
      hunks: [],
    });
  } else if (file) describe(file, line);
}

function describe(file: OpenFile, line: string): void {
  const hunk = HUNK.exec(line);
  if (hunk) {
    const [, oldNext = '0', oldLeft = '1', newNext = '0', newLeft = '1', context = ''] = hunk;
    const range = line.slice(0, line.indexOf('@@', 2) + 2);
    file.hunks.push({
      ...{ context, range, lines: [], oldNext: Number(oldNext), newNext: Number(newNext) },
      ...{ oldLeft: Number(oldLeft), newLeft: Number(newLeft) },
    });
  } else if (line.startsWith('new file')) file.kind = 'added';
  else if (line.startsWith('deleted file')) file.kind = 'deleted';
  else if (line.startsWith('rename from ')) file.oldPath = unquote(line.slice(12));
  else if (line.startsWith('rename to ')) {
    file.path = unquote(line.slice(10));
    file.kind = 'renamed';
  } else if (line.startsWith('Binary files') || line.startsWith('GIT binary patch')) file.kind = 'binary';
  else if (line.startsWith('--- /dev/null')) file.kind = 'added';
  else if (line.startsWith('+++ /dev/null')) file.kind = 'deleted';
  else if (line.startsWith('+++ ')) file.path = plain(line.slice(4));
}

function takeLine(file: OpenFile, hunk: OpenHunk, line: string): void {
  const sign = line[0] ?? ' ';
  const text = line.slice(1);
  switch (sign) {
    case '+':
      hunk.lines.push({ type: 'add', oldNumber: null, newNumber: hunk.newNext++, text });
      hunk.newLeft -= 1;
      file.additions += 1;
      return;
    case '-':
      hunk.lines.push({ type: 'delete', oldNumber: hunk.oldNext++, newNumber: null, text });
      hunk.oldLeft -= 1;
      file.deletions += 1;
      return;
    case '\\':
      hunk.lines.push(note(text.trim()));
      return;
    default:
      hunk.lines.push({ type: 'same', oldNumber: hunk.oldNext++, newNumber: hunk.newNext++, text });
      hunk.oldLeft -= 1;
      hunk.newLeft -= 1;
  }
}

function note(text: string): DiffLine {
  return { type: 'note', oldNumber: null, newNumber: null, text };
}

/** `a/x b/x`: both halves are the same path, which may hold blanks; where they differ, the later lines say it. */
function pathOfGit(both: string): string {
  const half = both.slice((both.length + 1) / 2);
  if (both === `a/${half.slice(2)} ${half}`) return half.slice(2);
  return plain(both.slice(both.search(/ "?b\//) + 1));
}

/** Without the letter of the side, and without the time that some programs put behind. */
function plain(path: string): string {
  return unquote(path.split('\t')[0] ?? path).replace(/^[ab]\//, '');
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\' };

/** Git quotes paths with unusual letters, each byte as three octal digits. */
function unquote(path: string): string {
  if (!path.startsWith('"') || !path.endsWith('"')) return path;
  const bytes: number[] = [];
  const inner = path.slice(1, -1);
  for (let at = 0; at < inner.length; at++) {
    const octal = /^\\([0-7]{3})/.exec(inner.slice(at, at + 4));
    if (octal) {
      bytes.push(Number.parseInt(octal[1] ?? '0', 8));
      at += 3;
    } else if (inner[at] === '\\') {
      at += 1;
      bytes.push(...new TextEncoder().encode(ESCAPES[inner[at] ?? ''] ?? inner[at] ?? ''));
    } else bytes.push(...new TextEncoder().encode(inner[at] ?? ''));
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

/** The diff as rows of one height, for a list that draws only what is in sight. */
export type DiffRow =
  | { readonly type: 'file'; readonly file: DiffFile; readonly index: number }
  | { readonly type: 'hunk'; readonly hunk: Hunk }
  | { readonly type: 'line'; readonly line: DiffLine };

export function rowsOfDiff(files: readonly DiffFile[]): DiffRow[] {
  return files.flatMap((file, index): DiffRow[] => [
    { type: 'file', file, index },
    ...file.hunks.flatMap((hunk): DiffRow[] => [
      { type: 'hunk', hunk },
      ...hunk.lines.map((line): DiffRow => ({ type: 'line', line })),
    ]),
  ]);
}
