import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TrajectoryMessage } from '#protocols/trajectory.ts';
import { findResidue, placeholderOf, redactMessages, redactText } from './redact.ts';

const of = (alphabet: string, length: number) =>
  fc
    .array(fc.constantFrom(...alphabet), { minLength: length, maxLength: length })
    .map((signs) => signs.join(''));
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const WORD = `${LOWER}${UPPER}${DIGITS}`;
const BASE64 = `${WORD}+/`;

const KEY_BODY = of(BASE64, 64).map((line) => `${line}\n${line}`);
/** What is planted, by kind: the whole text, and the part of it that must never be seen again. */
const PLANTED = {
  private_key: KEY_BODY.map((body) => [
    `-----BEGIN RSA PRIVATE KEY-----\n${body}\n-----END RSA PRIVATE KEY-----`,
    body,
  ]),
  jwt: fc.tuple(of(WORD, 20), of(WORD, 30), of(WORD, 30)).map((parts) => one(`eyJ${parts.join('.')}`)),
  aws_key: of(`${UPPER}${DIGITS}`, 16).map((body) => one(`AKIA${body}`)),
  github_token: of(WORD, 36).map((body) => one(`ghp_${body}`)),
  gitlab_token: of(WORD, 20).map((body) => one(`glpat-${body}`)),
  slack_token: of(DIGITS, 12).map((body) => one(`xoxb-${body}-${body}`)),
  api_key: of(WORD, 32).map((body) => one(`sk-proj-${body}`)),
  google_key: of(WORD, 35).map((body) => one(`AIza${body}`)),
  npm_token: of(WORD, 36).map((body) => one(`npm_${body}`)),
  hugging_face_token: of(WORD, 34).map((body) => one(`hf_${body}`)),
  url_credentials: of(WORD, 12).map((body) => [`postgres://app:${body}@db/main`, `app:${body}`]),
  assigned_secret: of(`${LOWER}${DIGITS}`, 14).map((body) => [`password = "x${body}"`, `x${body}`]),
  email: fc.tuple(of(LOWER, 8), of(LOWER, 8)).map(([name, host]) => one(`${name}@${host}.example.org`)),
  phone: of(DIGITS, 7).map((body) => one(`+49 170 ${body}`)),
  ip_address: fc
    .tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 128, max: 255 })))
    .map((parts) => one(parts.join('.'))),
  home_path: of(LOWER, 8).map((name) => [`/home/${name}/src/a.ts`, name]),
  high_entropy: of(WORD, 44).map((body) => one(`Aa1${body}`)),
  high_entropy_hex: of('0123456789abcdef', 62).map((body) => one(`a1${body}`)),
} satisfies Record<string, fc.Arbitrary<readonly string[]>>;

function one(text: string): readonly string[] {
  return [text, text];
}

const PLACES = ['user', 'assistant', 'argument', 'deep', 'name', 'tool'] as const;

/** A trajectory with `text` in one place of it. */
function plant(place: (typeof PLACES)[number], text: string): TrajectoryMessage[] {
  const put = (here: string) => (here === place ? text : 'nothing to see');
  const deep = { edits: [{ new: put('deep'), line: 3 }], [put('name')]: true };
  return [
    { role: 'user', content: put('user') },
    {
      role: 'assistant',
      content: put('assistant'),
      tool_calls: [{ id: 'c-1', name: 'write', arguments: { text: put('argument'), deep } }],
    },
    { role: 'tool', tool_call_id: 'c-1', content: put('tool'), is_error: false },
  ];
}

test('a planted secret of each kind never survives, whatever stands around it, in any field', () => {
  const before = fc.constantFrom('', 'before ', 'line\n', '{"a": "', '(', 'key ');
  const behind = fc.constantFrom('', ' after', '\n', '"}', ')', ', and', '.');
  for (const planted of Object.values(PLANTED)) {
    fc.assert(
      fc.property(
        fc.record({ planted, before, behind, place: fc.constantFrom(...PLACES) }),
        ({ planted: [text = '', secret = ''], ...where }) => {
          const { value, redactions } = redactMessages(
            plant(where.place, `${where.before}${text}${where.behind}`),
          );

          expect(JSON.stringify(value)).not.toContain(JSON.stringify(secret).slice(1, -1));
          expect(Object.keys(redactions).length).toBeGreaterThan(0);
          expect(findResidue(value)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  }
});

test('a secret that comes in two pieces is found, wherever the download was cut', () => {
  const token = `ghp_${'aB3'.repeat(12)}`;
  const bytes = Buffer.from(`Grüße: ${token} für alle`);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const whole = Buffer.concat([bytes.subarray(0, cut), bytes.subarray(cut)]).toString('utf8');

    expect(redactText(whole).value).toBe(`Grüße: ${placeholderOf('github_token')} für alle`);
  }
});

test('what is replaced is counted by its kind, and a placeholder is no finding', () => {
  const { value, redactions } = redactText('ask anna@example.org or bert@example.org, from 10.1.2.3');

  expect(value).toBe('ask <REDACTED:email> or <REDACTED:email>, from <REDACTED:ip_address>');
  expect(redactions).toEqual({ email: 2, ip_address: 1 });
  for (const kind of ['email', 'ip_address', 'assigned_secret', 'private_key']) {
    expect(redactText(`password = "${placeholderOf(kind)}" ${placeholderOf(kind)}`).redactions).toEqual({});
  }
});

test('ordinary code stays as it is: paths, commits, versions, types, numbers, identifiers', () => {
  const code = [
    'import { parseConfiguration } from "#protocols/http/session-figures.ts";',
    'const commit = "d8667b8ab3c2f1e0d9c8b7a6f5e4d3c2b1a09f8e";',
    'function login(password: string, token: Token): Promise<Session> { return check(password, token); }',
    'expect(isAuthenticatedUserWithAllPermissionsGranted).toBe(true); // 127.0.0.1:8080, v1.2.3',
    'at 2026-01-01T00:12:30.000Z in 12345678 ms, see src/components/session-table/rows.tsx:120:14',
    'id 0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d; git rebase --onto main; 12:34:56',
  ];
  for (const line of code) expect(redactText(line)).toEqual({ value: line, redactions: {} });
});

test('a value under the name of a secret is one, whatever it looks like', () => {
  const call = {
    id: 'c',
    name: 'http',
    arguments: { headers: { api_key: 'plain' }, db_password: 'simple', path: 'a' },
  };

  const { value, redactions } = redactMessages([{ role: 'assistant', content: '', tool_calls: [call] }]);

  expect(JSON.stringify(value)).not.toMatch(/plain|simple/);
  expect(JSON.stringify(value)).toContain('"path":"a"');
  expect(redactions).toEqual({ assigned_secret: 2 });
});
