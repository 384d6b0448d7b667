import { hash } from 'node:crypto';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DatasetRules } from '#protocols/dataset.ts';
import type { Trajectory, TrajectoryMessage } from '#protocols/trajectory.ts';
import { Assembly, type BuiltDataset, DatasetRefused } from './assemble.ts';
import { SeenSamples, signatureOf, similarity } from './duplicates.ts';
import { EXPORTERS } from './formats.ts';
import { type Origin, toSample } from './sample.ts';
import { splitOf } from './split.ts';

const ORIGIN: Origin = {
  ...{
    session_id: 's-1',
    task_id: 't-1',
    attempt: 1,
    agent_id: 'agent-a',
    model: 'scripted/demo',
    cost_usd: 0.1,
  },
  ...{ task_type: 'implementation', capabilities: ['code_generation'], complexity: 'simple' },
  ...{ repo: 'https://git.example/team/a.git', accepted_by: 'user:anna', success_rate: 1 },
};

const trajectory = (...messages: TrajectoryMessage[]): Trajectory => ({ format: 1, model: null, messages });
const user = (content: string): TrajectoryMessage => ({ role: 'user', content });
const said = (content: string, ...calls: string[]): TrajectoryMessage => ({
  role: 'assistant',
  content,
  tool_calls: calls.map((id) => ({ id, name: 'bash', arguments: { command: `run ${id}` } })),
});
const result = (id: string, is_error = false): TrajectoryMessage => ({
  role: 'tool',
  tool_call_id: id,
  content: `output of ${id}`,
  is_error,
});

/** Words that no other number has. */
const talkOf = (n: number) =>
  Array.from({ length: 30 }, (_, at) => `w${hash('sha256', `${n}/${at}`).slice(0, 5)}`).join(' ');

function assemble(samples: readonly [string, Trajectory][], rules: object = {}): BuiltDataset {
  const assembly = new Assembly({
    name: 'fixes',
    number: 1,
    rules: DatasetRules.parse({ samples_min: 1, ...rules }),
  });
  for (const [session_id, one] of samples) {
    assembly.consider(session_id);
    assembly.take({ ...ORIGIN, session_id, task_id: `t-${session_id}` }, one);
  }
  return assembly.finish();
}

/** A conversation as agents have them: a question, steps with tools, an answer. */
const conversation = fc
  .array(fc.record({ text: fc.lorem({ maxCount: 8 }), calls: fc.nat(3), isError: fc.boolean() }), {
    maxLength: 6,
  })
  .chain((steps) =>
    fc.tuple(fc.constant(steps), fc.lorem({ maxCount: 8 }), fc.lorem({ maxCount: 8 }), fc.boolean()),
  )
  .map(([steps, asked, answer, again]) =>
    trajectory(
      user(asked),
      ...steps.flatMap(({ text, calls, isError }, at) => {
        const ids = Array.from({ length: calls }, (_, n) => `c-${at}-${n}`);
        return [said(text, ...ids), ...ids.map((id) => result(id, isError))];
      }),
      ...(again ? [user('And the tests?')] : []),
      said(answer),
    ),
  );

const text = { type: 'string' };
const OPENAI_CHAT = {
  type: 'object',
  required: ['messages'],
  additionalProperties: false,
  properties: {
    messages: {
      type: 'array',
      minItems: 2,
      items: {
        oneOf: [
          {
            ...{ type: 'object', required: ['role', 'content'], additionalProperties: false },
            properties: { role: { enum: ['system', 'user'] }, content: text },
          },
          {
            ...{ type: 'object', required: ['role', 'content', 'tool_call_id'], additionalProperties: false },
            properties: { role: { const: 'tool' }, content: text, tool_call_id: text },
          },
          {
            ...{ type: 'object', required: ['role', 'content', 'weight'], additionalProperties: false },
            properties: {
              role: { const: 'assistant' },
              content: { type: ['string', 'null'] },
              weight: { enum: [0, 1] },
              tool_calls: {
                type: 'array',
                minItems: 1,
                items: {
                  ...{ type: 'object', required: ['id', 'type', 'function'], additionalProperties: false },
                  properties: {
                    id: text,
                    type: { const: 'function' },
                    function: {
                      ...{ type: 'object', required: ['name', 'arguments'], additionalProperties: false },
                      properties: { name: text, arguments: text },
                    },
                  },
                },
              },
            },
          },
        ],
      },
    },
    tools: {
      type: 'array',
      minItems: 1,
      items: {
        ...{ type: 'object', required: ['type', 'function'] },
        properties: {
          type: { const: 'function' },
          function: { type: 'object', required: ['name', 'parameters'], properties: { name: text } },
        },
      },
    },
  },
};
const SHAREGPT = {
  type: 'object',
  required: ['conversations'],
  additionalProperties: false,
  properties: {
    conversations: {
      type: 'array',
      minItems: 2,
      items: {
        ...{ type: 'object', required: ['from', 'value'], additionalProperties: false },
        properties: { from: { enum: ['human', 'gpt', 'function_call', 'observation'] }, value: text },
      },
    },
    system: text,
    tools: text,
  },
};

test('whatever was said, a line of OpenAI chat has the shape that OpenAI documents', () => {
  const isValid = new Ajv({ allowUnionTypes: true }).compile(OPENAI_CHAT);
  fc.assert(
    fc.property(conversation, (one) => {
      const line = JSON.parse(JSON.stringify(EXPORTERS.openai_chat(toSample(ORIGIN, one.messages, {}))));
      expect(isValid(line), JSON.stringify(isValid.errors)).toBe(true);
      const calls = line.messages.flatMap(
        (message: { tool_calls?: { id: string; function: { arguments: string } }[] }) =>
          message.tool_calls ?? [],
      );
      for (const call of calls) {
        expect(JSON.parse(call.function.arguments)).toEqual({ command: `run ${call.id}` });
        expect(
          line.messages.filter((message: { tool_call_id?: string }) => message.tool_call_id === call.id),
        ).toHaveLength(1);
      }
    }),
    { numRuns: 100 },
  );
});

test('whatever was said, a line of ShareGPT goes strictly in turn, from a person to an answer', () => {
  const isValid = new Ajv().compile(SHAREGPT);
  fc.assert(
    fc.property(conversation, (one) => {
      const line = JSON.parse(JSON.stringify(EXPORTERS.sharegpt(toSample(ORIGIN, one.messages, {}))));
      expect(isValid(line), JSON.stringify(isValid.errors)).toBe(true);
      const turns: { from: string; value: string }[] = line.conversations;
      for (const [at, { from, value }] of turns.entries()) {
        expect(at % 2 === 0 ? ['human', 'observation'] : ['gpt', 'function_call']).toContain(from);
        if (from === 'function_call') expect(Object.keys(JSON.parse(value))).toEqual(['name', 'arguments']);
        if (from === 'observation') expect(turns[at - 1]?.from).toBe('function_call');
      }
      expect([turns[0]?.from, turns.at(-1)?.from]).toEqual(['human', 'gpt']);
    }),
    { numRuns: 100 },
  );
});

test('a step of which all tools failed is context, and not learned', () => {
  const one = trajectory(
    user('Fix it'),
    said('', 'a'),
    result('a', true),
    said('', 'b'),
    result('b'),
    said('Done.'),
  );

  const { messages } = EXPORTERS.openai_chat(toSample(ORIGIN, one.messages, {})) as {
    messages: { weight?: number }[];
  };

  expect(messages.map(({ weight }) => weight)).toEqual([undefined, 0, undefined, 1, undefined, 1]);
});

test('no session is in both halves, and each stays in its half whatever comes to it', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.uuid(), { minLength: 2, maxLength: 40 }), fc.nat(1_000), (ids, seed) => {
      // Two tasks of each session.
      const samples = ids.flatMap((id, n): [string, Trajectory][] => [
        [id, trajectory(user(talkOf(2 * n)), said('Yes.'))],
        [id, trajectory(user(talkOf(2 * n + 1)), said('No.'))],
      ]);
      const rules = { seed, validation_share: 0.3 };
      const placed = (given: typeof samples): Map<string, Set<string>> => {
        const halves = new Map<string, Set<string>>();
        const built = (() => {
          try {
            return assemble(given, rules);
          } catch (error) {
            if (error instanceof DatasetRefused) return null;
            throw error;
          }
        })();
        const listed: { session_id: string; split: string }[] = built
          ? JSON.parse(built.manifest).manifest_of
          : [];
        for (const { session_id, split } of listed) {
          halves.set(session_id, (halves.get(session_id) ?? new Set()).add(split));
        }
        return halves;
      };
      const all = placed(samples);
      const some = placed(samples.slice(0, Math.ceil(samples.length / 2)));

      for (const halves of all.values()) expect(halves.size).toBe(1);
      for (const [id, halves] of some) expect(all.get(id) ?? halves).toEqual(halves);
    }),
    { numRuns: 15 },
  );
});

test('the share of validation is about what was asked for, and another seed is another split', () => {
  const ids = Array.from({ length: 2_000 }, (_, n) => `session-${n}`);
  const held = (seed: number) => ids.filter((id) => splitOf(id, { seed, share: 0.1 }) === 'validation');

  expect(held(1).length).toBeGreaterThan(140);
  expect(held(1).length).toBeLessThan(260);
  expect(held(2)).not.toEqual(held(1));
  expect(ids.every((id) => splitOf(id, { seed: 1, share: 0 }) === 'train')).toBe(true);
});

test('a duplicate and a near duplicate are dropped, wherever the first one is, and counted', () => {
  const base = talkOf(1);
  const samples: [string, Trajectory][] = [
    ['s-1', trajectory(user(base), said('Done.', 'a'), result('a'), said('Fine.'))],
    // The same, but for ids made by chance.
    ['s-2', trajectory(user(base), said('Done.', 'a'), result('a'), said('Fine.'))],
    ['s-3', trajectory(user(base), said('Done.', 'a'), result('a'), said('Fine!'))],
    ['s-4', trajectory(user(talkOf(2)), said('Done.'))],
  ];

  const { summary } = assemble(samples, { validation_share: 0 });

  expect(summary.samples).toMatchObject({ considered: 4, train: 2 });
  expect(summary.dropped).toEqual({ duplicate: 1, near_duplicate: 1 });
});

test('the likeness of two texts is the share of their word runs, about', () => {
  const words = Array.from({ length: 400 }, (_, n) => `word${n}`);
  const [one, other] = [
    words.join(' '),
    [...words.slice(0, 300), ...words.map((word) => `x${word}`).slice(300)].join(' '),
  ];
  const likeness = similarity(signatureOf(one), signatureOf(other));

  // 296 runs in common of 496 in all.
  expect(likeness).toBeGreaterThan(0.45);
  expect(likeness).toBeLessThan(0.75);
  expect(similarity(signatureOf(one), signatureOf(one))).toBe(1);
  expect(similarity(signatureOf(one), signatureOf(talkOf(3)))).toBeLessThan(0.1);
  expect(similarity(signatureOf(''), signatureOf(''))).toBe(1);
  const seen = new SeenSamples(0.5);
  expect(seen.take({ hash: 'a', messages: [user(one)] })).toBeNull();
  expect(seen.take({ hash: 'b', messages: [user(other)] })).toBe(likeness >= 0.5 ? 'near_duplicate' : null);
});

test('the manifest says what is in the files, by their hashes, and what was left out and why', () => {
  const secret = `ghp_${'aB3'.repeat(12)}`;
  const { files, manifest, summary } = assemble(
    [
      ['s-1', trajectory(user(`Use ${secret}`), said(talkOf(1)))],
      ['s-2', trajectory(user('Nobody answered'))],
      ['s-3', trajectory(user('y'.repeat(2_000)), said('No.'))],
    ],
    { sample_chars_max: 1_000, formats: ['openai_chat', 'sharegpt'], validation_share: 0 },
  );

  expect(files.map(({ name }) => name)).toEqual(['train.openai_chat.jsonl', 'train.sharegpt.jsonl']);
  for (const file of files) {
    expect(file.text).not.toContain(secret);
    expect(file).toMatchObject({
      sha256: hash('sha256', file.text),
      bytes: Buffer.byteLength(file.text),
      lines: 1,
    });
  }
  expect(summary).toMatchObject({
    sessions: { considered: 3, used: 1 },
    samples: { considered: 3, train: 1, validation: 0 },
    dropped: { too_short: 1, too_long: 1 },
    redactions: { github_token: 1 },
  });
  expect(JSON.parse(manifest)).toMatchObject({
    ...summary,
    rules: { validation_share: 0 },
    manifest_of: [{ session_id: 's-1', split: 'train', accepted_by: 'user:anna' }],
  });
  expect(manifest).not.toContain('git.example');
});

test('the same samples by the same rules give the same bytes', () => {
  const samples = Array.from({ length: 20 }, (_, n): [string, Trajectory] => [
    `s-${n}`,
    trajectory(user(talkOf(n)), said('Yes.')),
  ]);

  expect(assemble(samples)).toEqual(assemble(samples));
});

test('too few samples are no data set, and the refusal says what was left out', () => {
  const few = () => assemble([['s-1', trajectory(user('Nobody answered'))]], { samples_min: 2 });

  expect(few).toThrow(DatasetRefused);
  expect(few).toThrow(/0 samples to train on, and 2 are wanted: left out 1 too_short/);
});

test('a secret that redaction left is found where it stands in the line, and nothing is written', () => {
  const assembly = new Assembly({ name: 'fixes', number: 1, rules: DatasetRules.parse({}) });
  // An id is ours and is not redacted: a secret in it is found by the last look alone.
  const id = `ghp_${'aB3'.repeat(12)}`;

  expect(() =>
    assembly.take(ORIGIN, trajectory(user(talkOf(1)), said('', id), result(id), said('Done.'))),
  ).toThrow(/github_token would be in the sample t-1\/1/);
});
