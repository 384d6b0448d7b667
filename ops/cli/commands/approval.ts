/** `oio approval …`: what agents ask of people, and the answers. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { z } from 'zod';
import type { Approval } from '#protocols/client/operations.generated.ts';
import { type Cli, COMMON, type CommonFlags, describe, perform, wholeNumber } from '../cli.ts';
import { CliFailure, EXIT } from '../exit.ts';
import { toTable } from '../output.ts';

interface ListFlags extends CommonFlags {
  readonly session?: string;
  readonly task?: string;
  readonly state: string;
  readonly cursor?: string;
  readonly limit: number;
}

const text = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, optional: true, placeholder, brief }) as const;

const id = {
  kind: 'tuple',
  parameters: [{ brief: 'Id of the approval', parse: String, placeholder: 'id' }],
} as const;

const ls = buildCommand({
  docs: describe({
    brief: 'List what agents ask of people',
    more: 'What waits for an answer; with --state others, or all.',
    examples: ['oio approval ls', 'oio approval ls --session s-1', 'oio approval ls --state all --json'],
  }),
  parameters: {
    flags: {
      ...COMMON,
      session: text('ID', 'Only what was asked in this session'),
      task: text('ID', 'Only what was asked in this task'),
      state: {
        kind: 'parsed',
        parse: String,
        brief: 'Only these states, parted by commas; all: every one',
        placeholder: 'STATE',
        default: 'pending',
      },
      cursor: text('CURSOR', 'Where the next page begins'),
      limit: { kind: 'parsed', parse: wholeNumber(1, 100), brief: 'How many on a page', default: '20' },
    },
  },
  async func(this: Cli, flags: ListFlags) {
    await perform(this, flags, async ({ api, out }) => {
      const { session, task, state, cursor, limit } = flags;
      const states = state === 'all' ? {} : { state: state.split(',') as Approval['state'][] };
      const page = await api.listApprovals({ session, task, cursor, page_size: limit, ...states });
      out.json(page);
      const rows = page.items.map((one) => [one.id, one.kind, one.state, one.expires_at, one.title]);
      out.line(toTable(['ID', 'KIND', 'STATE', 'UNTIL', 'WHAT'], rows));
      if (page.next_cursor !== null) {
        const more = page.is_total_exact ? page.total : `more than ${page.total}`;
        out.note(`${more} in all; --cursor ${page.next_cursor} shows the next ones`);
      }
    });
  },
});

const show = buildCommand({
  docs: describe({
    brief: 'Show what an agent asks, and what can be answered',
    examples: ['oio approval show 0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d'],
  }),
  parameters: { flags: COMMON, positional: id },
  async func(this: Cli, flags: CommonFlags, approval: string) {
    await perform(this, flags, async ({ api, out }) => {
      const found = await api.getApproval({ id: approval });
      out.both(found, linesOf(found).join('\n'));
    });
  },
});

interface AnswerFlags extends CommonFlags {
  readonly option?: string;
  readonly say?: readonly string[];
  readonly answers?: readonly (readonly string[])[];
  readonly reason?: string;
}

const answer = buildCommand({
  docs: describe({
    brief: 'Decide on a permission, or answer a question',
    more: 'The first word decides. --option takes what `show` offers; reject refuses a question, too. --say answers a question, once for each of its questions.',
    examples: [
      'oio approval answer 0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d --option once --reason "our own branch"',
      'oio approval answer 0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d --say Postgres',
      `oio approval answer 0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d --answers '[["unit","e2e"],["yes"]]'`,
    ],
  }),
  parameters: {
    flags: {
      ...COMMON,
      option: text('OPTION', 'Id or kind of the option: once, always, reject, …'),
      say: {
        kind: 'parsed',
        parse: String,
        brief: 'The answer to a question; again for the next one',
        placeholder: 'TEXT',
        optional: true,
        variadic: true,
      },
      answers: {
        kind: 'parsed',
        parse: parseAnswers,
        brief: 'Where a question takes several: a list for each question, as JSON',
        placeholder: 'JSON',
        optional: true,
      },
      reason: text('TEXT', 'Why; the agent is told, the audit keeps it'),
    },
    positional: id,
  },
  async func(this: Cli, flags: AnswerFlags, approval: string) {
    await perform(this, flags, async ({ api, out }) => {
      const { option, say = [], reason } = flags;
      if (say.length > 0 && flags.answers) throw new CliFailure(EXIT.usage, 'either --say or --answers');
      const answers = flags.answers ?? say.map((one) => [one]);
      const decided = await api.decideApproval({
        id: approval,
        'idempotency-key': crypto.randomUUID(),
        body: {
          ...(option === undefined ? {} : { option }),
          ...(answers.length === 0 ? {} : { answers: answers.map((one) => [...one]) }),
          ...(reason === undefined ? {} : { reason }),
        },
      });
      out.both(decided, `${decided.state}: ${decided.approval_id}`);
    });
  },
});

const Answers = z.array(z.array(z.string()));

function parseAnswers(said: string): string[][] {
  try {
    return Answers.parse(JSON.parse(said));
  } catch {
    throw new SyntaxError(`a list of lists of texts is needed, such as '[["one","two"],["yes"]]'`);
  }
}

function linesOf(found: Approval): string[] {
  const { id: name, state, title, agent_id, session_id, task_id, expires_at, ask, decision } = found;
  const head = [
    `${title}`,
    `  ${state}, asked by ${agent_id}${found.origin_task_id === null ? '' : ` (${found.origin_task_id})`}`,
    `  session ${session_id}, task ${task_id}, until ${expires_at}`,
  ];
  const asked =
    ask.kind === 'permission'
      ? [
          `  ${ask.permission}: ${ask.patterns.join(' · ')} (risk ${ask.risk})`,
          ...(ask.subject.detail === undefined ? [] : [ask.subject.detail]),
          ...ask.options.map((one) => `  --option ${one.option_id}  ${one.name}`),
        ]
      : ask.questions.flatMap(({ question, options, multiple }) => [
          `  ${question}${multiple ? ' (several may be chosen: --answers)' : ''}`,
          ...options.map(({ label, description }) => `    ${label}${description ? `: ${description}` : ''}`),
        ]);
  const end = decision
    ? [`  decided by ${decision.by}: ${decision.option_id ?? ''} ${decision.reason ?? ''}`.trimEnd()]
    : [`  oio approval answer ${name} …`];
  return [...head, ...asked, ...end];
}

export const approvalRoutes = buildRouteMap({
  routes: { ls, show, answer },
  docs: { brief: 'What agents ask of people' },
});
