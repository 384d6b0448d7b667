import { expect, test } from 'vitest';
import type { ToolChange, ToolKind } from './link.ts';
import { chooseOption, commandOf, isTooMuch, ofCommand, ofWrite, toQuestion } from './permission.ts';

const about = (kind: ToolKind, call: Partial<ToolChange> = {}) =>
  toQuestion({ callId: 'c', kind, ...call }, '/w');

test('a command is asked for by its line, the shell around it left out', () => {
  const plain = about('execute', { title: 'Run tests', input: { command: 'npm test' } });
  const shell = about('execute', { input: { command: ['/bin/bash', '-lc', 'git push origin'] } });
  const words = about('execute', { input: { command: ['git', 'push'] } });

  expect(plain).toMatchObject({ permission: 'bash', patterns: ['npm test'], risk: 'medium' });
  expect(plain.subject).toEqual({ type: 'command', title: 'npm test', detail: 'Run tests' });
  expect(shell.patterns).toEqual(['git push origin']);
  expect(words.patterns).toEqual(['git push']);
  expect(about('execute', { title: 'ls' }).patterns).toEqual(['ls']);
  expect(about('execute').patterns).toEqual(['*']);
});

test('files are asked for by their place in the working copy, with what changes', () => {
  const diffs = [{ path: '/w/a.ts', oldText: 'x', newText: 'y' }];
  const edit = about('edit', { title: 'Edit a.ts', paths: ['/w/a.ts'], diffs });

  expect(edit).toMatchObject({ permission: 'edit', patterns: ['a.ts'], risk: 'low' });
  expect(edit.subject).toMatchObject({ type: 'file', title: 'edit: a.ts', detail: '/w/a.ts\n-x\n+y' });
  expect(about('delete', { paths: ['/w/a'] })).toMatchObject({ permission: 'edit', risk: 'medium' });
  expect(about('search', { paths: ['/w/src'] })).toMatchObject({ permission: 'read', patterns: ['src'] });
  expect(about('edit').patterns).toEqual(['*']);
  expect(ofWrite('/w/b', '/w')).toMatchObject({ permission: 'edit', patterns: ['b'] });
});

test('what reaches outside the working copy is asked for as that, whatever its kind', () => {
  for (const path of ['/etc/passwd', '/w/../x', '../x', '/w-other/x']) {
    expect(about('edit', { paths: [path] })).toMatchObject({
      permission: 'external_directory',
      risk: 'high',
    });
    expect(about('other', { paths: ['/w/a', path] })).toMatchObject({ permission: 'external_directory' });
  }
  expect(ofWrite('/x', '/w').permission).toBe('external_directory');
  expect(about('read', { paths: ['/w/..a'] }).permission).toBe('read');
});

test('an address is asked for by itself, a tool by its name, a change of mode as a plan', () => {
  expect(about('fetch', { input: { url: 'https://x.org' } })).toMatchObject({
    permission: 'webfetch',
    patterns: ['https://x.org'],
  });
  expect(about('other', { name: 'oio_lock', title: 'Lock it' })).toMatchObject({
    permission: 'oio_lock',
    patterns: ['Lock it'],
    risk: 'unknown',
  });
  expect(about('switch_mode', { title: 'Ready?' })).toMatchObject({
    permission: 'plan',
    subject: { type: 'plan' },
  });
});

test('so much at once cannot be judged', () => {
  expect(isTooMuch(ofCommand('x'.repeat(7_000)))).toBe(true);
  expect(isTooMuch(about('edit', { paths: Array.from({ length: 21 }, (_, at) => `/w/${at}`) }))).toBe(true);
  expect(isTooMuch(ofCommand('npm test'))).toBe(false);
});

test('a yes is told as once; an option that allows more is taken only where more was said', () => {
  const options = (['allow_always', 'allow_once', 'reject_always', 'reject_once'] as const).map((kind) => ({
    optionId: kind,
    kind,
  }));
  const onlyAlways = options.filter(({ kind }) => kind === 'allow_always');
  const yes = { isAllowed: true, optionKind: 'allow_once' } as const;
  const always = { isAllowed: true, optionKind: 'allow_always' } as const;
  const no = { isAllowed: false, optionKind: null } as const;

  expect(chooseOption(options, yes)).toBe('allow_once');
  expect(chooseOption(options, always)).toBe('allow_once');
  expect(chooseOption(onlyAlways, yes)).toBeNull();
  expect(chooseOption(onlyAlways, always)).toBe('allow_always');
  expect(chooseOption(options, no)).toBe('reject_once');
  expect(chooseOption(onlyAlways, no)).toBeNull();
});

test('a call that names no command has none', () => {
  expect(
    [undefined, null, 'x', {}, { command: 7 }].map((input) => commandOf({ callId: 'c', input })),
  ).toEqual([...[null, null, null, null, null]]);
});
