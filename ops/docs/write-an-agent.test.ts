/** The page cannot rot: its programs are those of the examples, which ops/e2e runs, and its calls are those of the SDKs. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');
const PAGE = read('ops/docs/write-an-agent.md');
const example = (name: string) => read('ops/docs/examples', name);

/** A program without the sentence that it opens with. */
const body = (program: string) => program.replace(/^(\/\*\*.*\*\/|""".*""")\n+/, '');

test('the programs on the page are the examples, word for word', () => {
  const blocks = [...PAGE.matchAll(/```(ts|python|sh)\n([\s\S]*?)```/g)].map(
    ([, kind, code]) => [kind, code] as const,
  );
  const [script, kit] = blocks.filter(([kind]) => kind === 'sh').map(([, code]) => code);

  expect(blocks.filter(([kind]) => kind === 'ts').map(([, code]) => code)).toEqual([
    body(example('agent.ts')),
  ]);
  expect(blocks.filter(([kind]) => kind === 'python').map(([, code]) => code)).toEqual([
    body(example('agent.py')),
  ]);
  expect(example('nats-agent.sh')).toContain(script);
  expect(kit).toContain('npm run eap:conformance -- --agent ');
});

test('the calls of the page are there in both SDKs', () => {
  const rows = [...PAGE.matchAll(/^\| .* \|$/gm)].map(([row]) => row);
  const called = (pattern: RegExp) => new Set(rows.join('\n').match(pattern));
  const [typescript, python] = [
    read('actors/remote/sdk/task.ts'),
    read('actors/remote/python/src/oio_agent/task.py'),
  ];
  const inTypeScript = [...called(/(?<=task\.)[a-zA-Z]+(?=[(`])/g)].filter(
    (name) => !python.includes(`def ${name}(`),
  );
  const inPython = [...called(/(?<=task\.)[a-z_]+(?=[(`])/g)].filter(
    (name) => !typescript.includes(` ${name}`),
  );

  expect(inTypeScript.toSorted()).toEqual(['askInput', 'askPermission', 'onSteer', 'signal']);
  for (const name of inTypeScript) expect(typescript).toMatch(new RegExp(`\\b${name}[(:]`));
  expect(inPython.toSorted()).toEqual(['ask_input', 'ask_permission', 'ended', 'on_steer']);
  for (const name of inPython) expect(python).toContain(`def ${name}(`);
});

test('the pages and files that the page leads to are there', () => {
  const links = [...PAGE.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, path = '']) =>
    join(ROOT, 'ops/docs', path),
  );

  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((path) => !existsSync(path))).toEqual([]);
});
