/** `oio session create` and `watch`: a session begun, and one followed to its end. Ctrl-C only ends the watching. */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buildCommand } from '@stricli/core';
import type { CreateSession, Session } from '#protocols/client/operations.generated.ts';
import { Strategy } from '#protocols/plan-layout.ts';
import { SessionPriority } from '#protocols/session.ts';
import {
  type Cli,
  COMMON,
  type CommonFlags,
  describe,
  type Job,
  oneId,
  perform,
  wholeNumber,
} from '../cli.ts';
import { CliFailure, EXIT } from '../exit.ts';
import { follow } from '../follow.ts';
import { plain } from '../output.ts';
import { buildLineView, buildTerminalView, type View } from '../session-view.ts';

const TITLE_MAX = 100;

export const watch = buildCommand({
  docs: describe({
    brief: 'Follow a session to its end',
    more:
      'Ctrl-C ends the watching and leaves the session at work; the same command comes back to it. With --json a line\n' +
      'for each change: {"type":"session",…} or {"type":"task",…}. Exit code 0 only if it completed.',
    examples: ['oio session watch 0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d', 'oio session watch s-1 --json'],
  }),
  parameters: { flags: COMMON, positional: oneId('session') },
  async func(this: Cli, flags: CommonFlags, id: string) {
    await perform(this, flags, (job) => watchToEnd(job, id, this.interrupts()));
  },
});

interface CreateFlags extends CommonFlags {
  readonly title?: string;
  readonly promptFile?: string;
  readonly repo?: string;
  readonly base?: string;
  readonly template?: readonly string[];
  readonly strategy?: (typeof Strategy.options)[number];
  readonly model?: string;
  readonly priority?: (typeof SessionPriority.options)[number];
  readonly maxSeconds?: number;
  readonly tokenBudget?: number;
  readonly costBudget?: number;
  readonly tag?: readonly string[];
  readonly key?: string;
  readonly start: boolean;
  readonly watch: boolean;
}

const text = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, optional: true, placeholder, brief }) as const;

const number = (placeholder: string, brief: string, most: number) =>
  ({ kind: 'parsed', parse: wholeNumber(1, most), optional: true, placeholder, brief }) as const;

export const create = buildCommand({
  docs: describe({
    brief: 'Create a session, and start it',
    more: 'The prompt says what shall be done. Without --title its first line is the title.',
    examples: [
      'oio session create "Make the tests pass" --repo . --watch',
      'oio session create --prompt-file task.md --repo https://git.example/team/project.git --base main',
      'oio session create "Add an export to CSV" --template crud --max-seconds 1800 --tag export --json',
      'oio session create "Add users" --template crud --template ui --strategy temporal',
      'oio session create "Look at it first" --no-start',
    ],
  }),
  parameters: {
    flags: {
      ...COMMON,
      title: text('TEXT', 'What it is called'),
      promptFile: text('FILE', 'Read the prompt from there; - is stdin'),
      repo: text('URL', 'Git URL, or the path of a repository that the agents can read'),
      base: text('REF', 'Branch, tag or commit to begin at (HEAD)'),
      template: {
        ...text('NAME', 'Decomposition template, again for another one; none: one task'),
        variadic: true,
      },
      strategy: {
        kind: 'enum',
        values: Strategy.options,
        brief: 'Lay the plan out as its templates do, in phases, or by capability',
        optional: true,
      },
      model: text('NAME', 'provider/model'),
      priority: { kind: 'enum', values: SessionPriority.options, brief: 'How urgent', optional: true },
      maxSeconds: number('N', 'How long it may work (3600)', 86_400),
      tokenBudget: number('N', 'Tokens that it may use', Number.MAX_SAFE_INTEGER),
      costBudget: {
        kind: 'parsed',
        parse: parseMoney,
        brief: 'US dollars that it may cost',
        placeholder: 'USD',
        optional: true,
      },
      tag: { ...text('TAG', 'A tag; may be repeated'), variadic: true },
      key: text('KEY', 'Idempotency key: the same again creates it once'),
      start: { kind: 'boolean', brief: 'Start it at once', default: true },
      watch: { kind: 'boolean', brief: 'Follow it to its end', default: false, withNegated: false },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'What shall be done', parse: String, placeholder: 'prompt', optional: true }],
    },
  },
  async func(this: Cli, flags: CreateFlags, prompt?: string) {
    await perform(this, flags, async (job) => {
      if (flags.watch && !flags.start) {
        throw new CliFailure(EXIT.usage, 'a session that is not started never ends: --watch or --no-start');
      }
      const body = await toDraft(this, flags, prompt);
      const key = flags.key ?? crypto.randomUUID();
      const session = await begin(job, { body, key, isStarted: flags.start });
      if (!flags.watch) job.out.json(session);
      job.out.line(`${session.state}: ${plain(session.title)} (${session.id})`);
      if (!flags.watch) job.out.note(`follow it with: oio session watch ${session.id}`);
      else await watchToEnd(job, session.id, this.interrupts());
    });
  },
});

/** Create and start, each under a key that a repeat has too. */
async function begin(
  { api }: Job,
  wish: { readonly body: CreateSession; readonly key: string; readonly isStarted: boolean },
): Promise<Session> {
  const { body, key, isStarted } = wish;
  const created = await api.createSession({ body, 'idempotency-key': key });
  if (!isStarted || created.state !== 'pending') return created;
  return api.startSession({ id: created.id, 'idempotency-key': `${key}-start` });
}

async function toDraft(cli: Cli, flags: CreateFlags, given: string | undefined): Promise<CreateSession> {
  const prompt = (await readPrompt(cli, flags.promptFile, given)).trim();
  const title = flags.title ?? prompt.split('\n', 1)[0] ?? '';
  const { template = [], strategy, model, priority, tag } = flags;
  const [one, ...others] = template;
  return {
    title: title.length > TITLE_MAX ? `${title.slice(0, TITLE_MAX - 1)}…` : title,
    initial_prompt: prompt,
    ...(flags.repo === undefined ? {} : { workspace: await toWorkspace(flags.repo, flags.base) }),
    ...(one === undefined ? {} : others.length === 0 ? { template: one } : { templates: [...template] }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(model === undefined ? {} : { model }),
    ...(priority === undefined ? {} : { priority }),
    ...(flags.maxSeconds === undefined ? {} : { max_duration_seconds: flags.maxSeconds }),
    ...(flags.tokenBudget === undefined ? {} : { token_budget: flags.tokenBudget }),
    ...(flags.costBudget === undefined ? {} : { cost_budget_usd: flags.costBudget }),
    ...(tag === undefined ? {} : { tags: [...tag] }),
  };
}

async function readPrompt(cli: Cli, file: string | undefined, given: string | undefined): Promise<string> {
  if (file !== undefined && given !== undefined) {
    throw new CliFailure(EXIT.usage, 'either a prompt or --prompt-file');
  }
  if (file === '-') return cli.readStdin();
  if (file !== undefined) {
    return readFile(file, 'utf8').catch((cause: Error) => {
      throw new CliFailure(EXIT.usage, `the prompt cannot be read: ${cause.message}`, { cause });
    });
  }
  if (given !== undefined && given.trim() !== '') return given;
  const mend = 'oio session create "Make the tests pass" --repo . --watch';
  throw new CliFailure(EXIT.usage, 'say what shall be done: a prompt, or --prompt-file', { mend });
}

/** A folder here is told by its whole path; anything else is git's to understand. */
async function toWorkspace(
  repo: string,
  base: string | undefined,
): Promise<{ repo: string; base_ref?: string }> {
  const path = resolve(repo);
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder && /^[./~]/.test(repo)) throw new CliFailure(EXIT.usage, `there is no folder ${repo}`);
  return { repo: isFolder ? path : repo, ...(base === undefined ? {} : { base_ref: base }) };
}

async function watchToEnd(job: Job, id: string, signal: AbortSignal): Promise<void> {
  const { cli, out } = job;
  const view = viewOf(job);
  let session: Session;
  try {
    session = await follow({
      api: job.apiUntil(signal),
      id,
      signal,
      onRead: (read, tasks) => view.draw(read, tasks),
      onAway: (reason) => out.note(`${reason}; trying again …`),
    });
  } catch (error) {
    view.end();
    if (!signal.aborted) throw error;
    const where =
      cli.env.OIO_URL === undefined && job.settings.url !== 'http://localhost:8000'
        ? ` --url ${job.settings.url}`
        : '';
    throw new CliFailure(EXIT.interrupted, 'the session goes on without you', {
      mend: `come back with: oio session watch ${id}${where}\n  end it with: oio session stop ${id}${where}`,
    });
  }
  view.end();
  tellEnd(job, session);
}

function tellEnd({ out }: Job, session: Session): void {
  const { metrics, result } = session;
  for (const task of session.tasks)
    if (task.error !== null) out.line(`  ${plain(task.title)}: ${plain(task.error)}`);
  if (result?.summary) out.line(plain(result.summary));
  for (const branch of result?.branches ?? []) out.line(`branch: ${branch}`);
  out.line(
    `${metrics.tokens_in} tokens in, ${metrics.tokens_out} out · ${metrics.cost_usd.toFixed(4)} USD · ${metrics.total_seconds} s`,
  );
  if (session.state === 'completed') return;
  const why = plain(session.error ?? session.state_reason ?? 'no reason given');
  const mend = session.is_recoverable
    ? `try again what is not done: oio session retry ${session.id}`
    : undefined;
  throw new CliFailure(EXIT.endedBadly, `the session ended as ${session.state}: ${why}`, { mend });
}

function viewOf({ cli, out }: Job): View {
  if (out.isJson) return jsonView(out.json);
  if (cli.terminal) return buildTerminalView(cli.terminal, '  Ctrl-C leaves it at work');
  return buildLineView((line) => out.line(line.trimEnd()));
}

/** A line for each new version of the session or of a task. */
function jsonView(json: (value: unknown) => void): View {
  const seen = new Map<string, number>();
  const tell = (type: 'session' | 'task', value: { readonly id: string; readonly version: number }) => {
    if (seen.get(value.id) === value.version) return;
    seen.set(value.id, value.version);
    json({ type, [type]: value });
  };
  return {
    draw(session, tasks) {
      for (const task of tasks) tell('task', task);
      tell('session', session);
    },
    end: () => undefined,
  };
}

function parseMoney(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0 || text.trim() === '')
    throw new Error('must be an amount above 0');
  return value;
}
