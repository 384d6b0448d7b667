/** What a person may say of a new session: each bound from both of its sides. */
import { expect, test } from 'vitest';
import { SessionDraft, SessionPriority, SessionState, SessionType, StatusDetail } from './session.ts';

const DRAFT = { title: 'Make the tests pass', initial_prompt: 'The test suite fails. Fix the code.' };

function faultsOf(changes: Readonly<Record<string, unknown>>): string[] {
  const { error } = SessionDraft.safeParse({ ...DRAFT, ...changes });
  return (error?.issues ?? []).map(({ path }) => path.join('.'));
}

/** The first value is taken, the second refused at the path. */
function expectBound(path: string, taken: unknown, refused: unknown): void {
  expect([path, faultsOf({ [path]: taken })]).toEqual([path, []]);
  expect(faultsOf({ [path]: refused }).map((fault) => fault.split('.')[0])).toEqual([path]);
}

test('a title has 3 to 200 characters after trimming', () => {
  expectBound('title', 'abc', 'ab');
  expectBound('title', '  abc  ', '  ab  ');
  expectBound('title', 'a'.repeat(200), 'a'.repeat(201));
  expect(SessionDraft.parse({ ...DRAFT, title: '  Fix it  ' }).title).toBe('Fix it');
});

test('a title that says nothing is refused, in whatever case and between whatever spaces', () => {
  const names = ['test session', 'new session', 'untitled', 'coding task', 'development session'];

  for (const name of names) {
    expectBound('title', `${name} for the parser`, name);
    expectBound('title', `${name} 2`, ` ${name.toUpperCase()} `);
  }
});

test('a prompt has 1 to 10,000 characters, a description up to 1,000', () => {
  expectBound('initial_prompt', 'x', '');
  expectBound('initial_prompt', 'x'.repeat(10_000), 'x'.repeat(10_001));
  expectBound('description', 'x'.repeat(1_000), 'x'.repeat(1_001));
});

test('a session may take a minute to a day, with budgets above nothing, and twenty tags', () => {
  const tags = (count: number) => Array.from({ length: count }, (_, index) => `tag-${index}`);

  expectBound('max_duration_seconds', 60, 59);
  expectBound('max_duration_seconds', 86_400, 86_401);
  expectBound('token_budget', 1, 0);
  expectBound('cost_budget_usd', 0.01, 0);
  expectBound('tags', tags(20), tags(21));
  expectBound('max_depth', 1, 0);
  expectBound('max_depth', 5, 6);
});

test('a model is named with its provider, an agent by letters, digits, "_" and "-"', () => {
  expectBound('model', 'anthropic/claude', 'claude');
  expectBound('model', 'openrouter/meta/llama', '/llama');
  expectBound('agent_config', { 'AGENT-one_2': { temperature: 0 } }, { 'agent one': {} });
});

test('what is not said of a session is medium, execution, an hour and three levels deep', () => {
  expect(SessionDraft.parse(DRAFT)).toMatchObject({
    priority: 'medium',
    session_type: 'execution',
    max_duration_seconds: 3_600,
    max_depth: 3,
    tags: [],
    metadata: {},
    agent_config: {},
  });
});

test('the words of a session are these: states, types, priorities and what it waits for', () => {
  expect(SessionState.options.join(' ')).toBe(
    'pending queued running paused degraded completed partially_completed failed timeout stopped cancelled orphaned',
  );
  expect(SessionType.options.join(' ')).toBe('planning execution review debug integration');
  expect(SessionPriority.options.join(' ')).toBe('critical high medium low deferred');
  expect(StatusDetail.options.join(' ')).toBe(
    'working waiting_for_approval waiting_for_input auth_required rate_limited budget_exceeded retry_backoff lease_lost finalizing',
  );
});
