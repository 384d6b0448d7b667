/**
 * Keeps the house tidy: the linter really guards each border, files stay short, and nothing is left in
 * the tree that belongs on somebody's desk.
 */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ALLOWED, REFUSED } from './lint/borders.ts';

const ROOT = join(import.meta.dirname, '..');
const SKIPPED = new Set([
  ...['node_modules', 'dist', '.git', '.oio', 'fixtures', 'package-lock.json'],
  ...['__pycache__', '.venv', '.mypy_cache', '.ruff_cache', '.pytest_cache'],
]);
const TEXT = new Set([
  '.ts',
  '.tsx',
  '.css',
  '.html',
  '.json',
  '.md',
  '.sql',
  '.yml',
  '.yaml',
  '.sh',
  '.grit',
  '.py',
  '.toml',
  '',
]);
const LINES_MAX = 400;
/** Python packages have no ending of their own for what is generated. */
const GENERATED_PYTHON = 'actors/remote/python/src/oio_agent/messages.py';

type Finding = { readonly category: string; readonly location: { readonly path: string } };

test('the linter refuses a planted violation of each rule and border, and lets good modules pass', async () => {
  const findings = await lint(plantAll(), read('biome.json'));

  const paths = new Set(ALLOWED.map((plant) => plant.path));
  const wronged = findings.filter((finding) => paths.has(finding.location.path));
  expect(missedBy(findings)).toEqual([]);
  expect(wronged.map((finding) => `${finding.location.path}: ${finding.category}`)).toEqual([]);
}, 15_000);

test('each border in biome.json guards something: without it a planted violation passes', async () => {
  const folder = plantAll();
  const config = JSON.parse(read('biome.json')) as { overrides: { includes: readonly string[] }[] };
  const borders = config.overrides.filter((row) => JSON.stringify(row).includes('noRestrictedImports'));

  const idle: string[] = [];
  for (const border of borders) {
    const overrides = config.overrides.filter((row) => row !== border);
    const findings = await lint(folder, JSON.stringify({ ...config, overrides }));
    if (missedBy(findings).length === 0) idle.push(border.includes.join(' '));
  }

  expect(borders.length).toBeGreaterThan(10);
  expect(idle).toEqual([]);
}, 30_000);

test(`no file of ours is longer than ${LINES_MAX} lines`, () => {
  const long = sources(['.ts', '.tsx', '.css', '.sql', '.py'])
    .filter((path) => !path.endsWith('.generated.ts') && path !== GENERATED_PYTHON)
    .map((path) => ({ path, lines: read(path).trimEnd().split('\n').length }))
    .filter((file) => file.lines > LINES_MAX);

  expect(long).toEqual([]);
});

test('no leftover mark, switched-off check, or path of one machine is in the tree', () => {
  const words = [
    /\b(TO[D]O|FIX[M]E|X{3})\b/,
    /@ts-(ignore|expect-error|nocheck)/,
    /#\s*(noq[a](?!: [A-Z])|type: ignor[e](?!\[))/,
    /biome-ignor[e](?!(-all)? lint\/\S+: \S+)/,
    /\bnot implemente[d]\b/i,
    /(^|[^\w.*/)}~-])\/(root|work|Users)\//,
    /https?:\/\/(registry|proxy)\.[a-z]/,
  ];

  const hits = sources([...TEXT]).flatMap((path) =>
    read(path)
      .split('\n')
      .map((text, index) => ({ at: `${path}:${index + 1}`, text }))
      .filter(({ text }) => words.some((word) => word.test(text))),
  );

  expect(hits).toEqual([]);
});

test('no file bears a name that could hold anything', () => {
  const empty = /(^|\/)(utils?|helpers?|common|lib|types|manager|service|index)\.tsx?$/;

  expect(sources(['.ts', '.tsx']).filter((path) => empty.test(path))).toEqual([]);
});

test('each file of runtime/ and protocols/ opens with what it is for', () => {
  const silent = sources(['.ts'])
    .filter((path) => /^(runtime|protocols)\//.test(path) && !path.endsWith('.test.ts'))
    .filter((path) => !read(path).startsWith('/**'));

  expect(silent).toEqual([]);
});

test('every # in package.json leads to a folder, and every # import to a file', () => {
  const { imports } = JSON.parse(read('package.json')) as { imports: Record<string, string> };
  const roots = Object.entries(imports).map(
    ([alias, target]) => [alias.slice(0, -1), target.slice(2, -1)] as const,
  );

  const lost = sources(['.ts', '.tsx'])
    .filter((path) => path !== 'ops/lint/borders.ts')
    .flatMap((path) =>
      [...read(path).matchAll(/from '(#[\w-]+\/)([^']+)'/g)]
        .map(([, alias, file]) =>
          join(roots.find(([name]) => name === alias)?.[1] ?? 'no such alias', file ?? ''),
        )
        .filter((target) => !existsSync(join(ROOT, target)))
        .map((target) => `${path} imports ${target}`),
    );

  expect(roots.filter(([, folder]) => !existsSync(join(ROOT, folder)))).toEqual([]);
  expect(lost).toEqual([]);
});

function missedBy(findings: readonly Finding[]): readonly string[] {
  const found = new Set(findings.map((finding) => `${finding.location.path}: ${finding.category}`));
  return REFUSED.map((plant) => `${plant.path}: ${plant.rule}`).filter((line) => !found.has(line));
}

function plantAll(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oio-tidy-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const file of ['package.json', 'ops/lint/pure-actors.grit']) {
    cpSync(join(ROOT, file), join(folder, file), { recursive: true });
  }
  for (const plant of [...REFUSED, ...ALLOWED]) {
    mkdirSync(dirname(join(folder, plant.path)), { recursive: true });
    writeFileSync(join(folder, plant.path), plant.source);
  }
  return folder;
}

async function lint(folder: string, config: string): Promise<readonly Finding[]> {
  writeFileSync(join(folder, 'biome.json'), config);
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
  const parameters = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.'];
  const report = await new Promise<string>((resolve) => {
    // It exits with an error, as it must: the report on stdout is the answer.
    execFile(process.execPath, parameters, { cwd: folder, maxBuffer: 2 ** 26 }, (_, stdout) =>
      resolve(stdout),
    );
  });
  const { diagnostics } = JSON.parse(report) as { diagnostics: readonly Finding[] };
  return diagnostics;
}

function sources(extensions: readonly string[]): readonly string[] {
  return readdirSync(ROOT)
    .filter((name) => !SKIPPED.has(name))
    .flatMap((name) => walk(name))
    .filter((path) => extensions.includes(extname(path)));
}

function walk(path: string): readonly string[] {
  const entries = readdirSync(join(ROOT, dirname(path)), { withFileTypes: true });
  const entry = entries.find(({ name }) => join(dirname(path), name) === path);
  if (entry?.isFile()) return [path];
  if (!entry?.isDirectory() || path === 'ops/demo/project') return [];
  return readdirSync(join(ROOT, path))
    .filter((name) => !SKIPPED.has(name))
    .flatMap((name) => walk(join(path, name)));
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
