/** Each code of a failure has its place on HTTP, and one shape for all. */
import { expect, test } from 'vitest';
import { FailureCode, HTTP_STATUS, isRetryable, Problem, quotaExceeded, toProblem } from './failure.ts';

/** The table of the domain once more, by status; what is not in it is of the API alone. */
const BY_STATUS: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'SESSION_NOT_FOUND TASK_NOT_FOUND AGENT_NOT_FOUND CONTEXT_NOT_FOUND LOCK_NOT_FOUND',
  409: 'INVALID_TRANSITION CONTEXT_CONFLICT VERSION_CONFLICT DEPENDENCY_CYCLE DEADLOCK_DETECTED LOCK_NOT_OWNED NAME_TAKEN',
  413: 'PAYLOAD_TOO_LARGE',
  422: 'VALIDATION_FAILED',
  429: 'QUOTA_EXCEEDED RATE_LIMITED',
  500: 'INTERNAL_ERROR',
  503: 'AGENT_UNAVAILABLE MAILBOX_FULL NOT_READY',
  504: 'DEADLINE_EXCEEDED',
};

test('each code of a failure has the status of the domain, and every code for what is not there is 404', () => {
  for (const [status, codes] of Object.entries(BY_STATUS)) {
    for (const code of codes.split(' ').map((word) => FailureCode.parse(word))) {
      expect([code, HTTP_STATUS[code]]).toEqual([code, Number(status)]);
    }
  }
  const missing = FailureCode.options.filter((code) => code.endsWith('NOT_FOUND'));
  expect(missing.filter((code) => HTTP_STATUS[code] !== 404)).toEqual([]);
});

test('a problem has type, title, status, detail, code, request id and whether it may be tried again', () => {
  for (const code of FailureCode.options) {
    const problem = toProblem({ code, detail: 'why', retry_after_seconds: 3 }, 'request-1');

    expect(Problem.parse(problem)).toEqual({
      type: `urn:oio:problem:${code.toLowerCase()}`,
      title: code.toLowerCase().replaceAll('_', ' '),
      status: HTTP_STATUS[code],
      detail: 'why',
      code,
      request_id: 'request-1',
      retryable: isRetryable(code),
    });
  }
});

test('what a code needs goes into its problem: states, faults, circle, conflicts and versions', () => {
  const more = {
    current_state: 'running',
    allowed: ['paused'],
    errors: [{ path: 'title', message: 'is too short' }],
    cycle: ['a', 'b', 'a'],
    conflicts: [{ path: 'a.b', current: 1, proposed: 2 }],
    current_version: 7,
    retry_hint: 'read again',
  };

  expect(toProblem({ code: 'CONTEXT_CONFLICT', detail: 'why', ...more }, 'request-1')).toMatchObject(more);
});

test('a quota that is used up is named with its limit, its use, and when it frees', () => {
  const quota = { name: 'sessions_queued', limit: 3, used: 3, frees: 'a place is free when one begins' };
  const failure = quotaExceeded(quota, 30);

  expect(failure).toMatchObject({ code: 'QUOTA_EXCEEDED', retry_after_seconds: 30 });
  expect(toProblem(failure, 'request-1')).toMatchObject({
    status: 429,
    quota,
    detail: 'Quota "sessions_queued": 3 of 3 used; a place is free when one begins.',
  });
});

test('what a person has to change first is not called worth trying again; what passes by itself is', () => {
  const retried = FailureCode.options.filter(isRetryable);

  expect(retried.map((code) => HTTP_STATUS[code]).filter((status) => status < 429)).toEqual([]);
  expect(FailureCode.options.filter((code) => HTTP_STATUS[code] >= 429 && !isRetryable(code))).toEqual([]);
});
