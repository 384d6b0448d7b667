import { expect, test } from 'vitest';
import { judge, matches, type PermissionRule } from './permission-rules.ts';

const rule = (permission: string, pattern: string, action: PermissionRule['action']): PermissionRule => ({
  permission,
  pattern,
  action,
});

test('the last rule that matches decides', () => {
  const rules = [rule('*', '*', 'allow'), rule('bash', '*', 'ask'), rule('bash', 'git status', 'allow')];

  expect(judge(rules, [{ permission: 'edit', pattern: 'a.ts' }]).action).toBe('allow');
  expect(judge(rules, [{ permission: 'bash', pattern: 'rm -rf .' }]).action).toBe('ask');
  expect(judge(rules, [{ permission: 'bash', pattern: 'git status' }])).toEqual({
    action: 'allow',
    rule: rules[2],
  });
});

test('of several things one that is denied denies all, and one that is asked for asks for all', () => {
  const rules = [rule('*', '*', 'allow'), rule('bash', 'rm *', 'deny'), rule('bash', 'git push *', 'ask')];
  const of = (...patterns: string[]) =>
    judge(
      rules,
      patterns.map((pattern) => ({ permission: 'bash', pattern })),
    ).action;

  expect(of('ls', 'pwd')).toBe('allow');
  expect(of('ls', 'git push origin')).toBe('ask');
  expect(of('git push origin', 'rm x')).toBe('deny');
});

test('where no rule matches, and where nothing is named, a person is asked', () => {
  expect(judge([], [{ permission: 'bash', pattern: 'ls' }])).toEqual({ action: 'ask', rule: null });
  expect(judge([rule('*', '*', 'allow')], [])).toEqual({ action: 'ask', rule: null });
});

test('stars stand for anything, a question mark for one character, and a last " *" also for nothing', () => {
  expect(matches('git push *', 'git push')).toBe(true);
  expect(matches('git push *', 'git push origin main')).toBe(true);
  expect(matches('git push *', 'git pushed')).toBe(false);
  expect(matches('git push *', 'sudo git push')).toBe(false);
  expect(matches('*.env', 'a/b/.env')).toBe(true);
  expect(matches('*.env', '.envrc')).toBe(false);
  expect(matches('a?c', 'abc')).toBe(true);
  expect(matches('a?c', 'ac')).toBe(false);
  expect(matches('a*b*c', 'a-b-b-c')).toBe(true);
  expect(matches('a.c', 'abc')).toBe(false);
  expect(matches('', '')).toBe(true);
  expect(matches('*', '')).toBe(true);
  expect(matches('ls', 'ls\nrm')).toBe(false);
});

test('a hostile pattern takes no long time', () => {
  const startedMs = performance.now();

  expect(matches(`${'a*'.repeat(200)}b`, 'a'.repeat(2_000))).toBe(false);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});
