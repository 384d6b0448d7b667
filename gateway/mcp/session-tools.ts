/** Tools for sessions: create, look, and steer. Watching one has a file of its own. */
import { z } from 'zod';
import { CreateSession } from '#protocols/http/session.ts';
import { SessionState } from '#protocols/session.ts';
import { PromptMode, PromptText, Reason } from '#protocols/session-acts.ts';
import { watchSession } from './session-watch.ts';
import { defineTool, type Tool } from './tool.ts';
import {
  IdempotencyKey,
  listOf,
  pageInput,
  SessionId,
  SessionLine,
  SessionWhole,
  TaskId,
  toSessionWhole,
} from './views.ts';

const draft = CreateSession.shape;

const createSession = defineTool({
  name: 'create_session',
  title: 'Create a session',
  description:
    'Gives a piece of work to the coding agents: a session. It is parted into tasks, each task goes to an agent that ' +
    'fits, and the branches are merged. Starts at once unless `start` is false. Say in `prompt` all that an agent must ' +
    'know: it does not see this conversation. Then follow it with watch_session.',
  effect: 'adds',
  input: z.object({
    title: draft.title.describe('What shall be done, in a few words; it must say something.'),
    prompt: draft.initial_prompt.describe('What shall be done, whole: goal, constraints, how to check it.'),
    description: draft.description,
    repo: z
      .string()
      .min(1)
      .max(2_000)
      .optional()
      .describe('Git URL, or the absolute path of a repository that the agents can read.'),
    base_ref: z.string().min(1).max(255).optional().describe('Branch, tag or commit to start from.'),
    session_type: draft.session_type,
    priority: draft.priority,
    model: draft.model.describe('`provider/model`; left out: what the agents are set to.'),
    template: draft.template.describe(
      'Name of a decomposition template; `none`: one task; `agent`: an agent plans. Left out: what fits best.',
    ),
    blueprint: draft.blueprint.describe('Blueprint of the tenant that makes the tasks.'),
    parent_id: draft.parent_id.describe('Session that this one is a child of.'),
    max_duration_seconds: draft.max_duration_seconds,
    token_budget: draft.token_budget,
    cost_budget_usd: draft.cost_budget_usd,
    tags: draft.tags,
    start: z.boolean().default(true).describe('False: it is only created, and start_session begins it.'),
    idempotency_key: IdempotencyKey,
  }),
  output: SessionWhole,
  async run({ prompt, repo, base_ref, start, idempotency_key: key, ...rest }, { api }) {
    const workspace = repo === undefined ? {} : { workspace: { repo, ...(base_ref ? { base_ref } : {}) } };
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const body = { ...given, title: rest.title, initial_prompt: prompt, ...workspace };
    const created = await api.createSession({ body, 'idempotency-key': key });
    if (!start || created.state !== 'pending') return toSessionWhole(created);
    const startKey = key === undefined ? undefined : `${key}.start`;
    return toSessionWhole(await api.startSession({ id: created.id, 'idempotency-key': startKey }));
  },
});

const listSessions = defineTool({
  name: 'list_sessions',
  title: 'List sessions',
  description: 'Lists the sessions of this tenant, the newest first, with state and progress.',
  effect: 'reads',
  input: z.object({
    state: z.array(SessionState).max(12).optional().describe('Only these states.'),
    search: z.string().max(200).optional().describe('Words that the title must contain.'),
    tag: z.array(z.string().min(1).max(64)).max(20).optional().describe('Only those with all of these tags.'),
    parent_id: z.string().max(128).optional().describe('Only children of this session.'),
    ...pageInput,
  }),
  output: listOf(SessionLine),
  run: (asked, { api }) => api.listSessions(asked),
});

const getSession = defineTool({
  name: 'get_session',
  title: 'Look at a session',
  description:
    'Shows one session: state, progress, its tasks with who works on them, result, errors, tokens and cost. To wait for ' +
    'something to happen use watch_session.',
  effect: 'reads',
  input: z.object({ session_id: SessionId }),
  output: SessionWhole,
  run: async ({ session_id: id }, { api }) => toSessionWhole(await api.getSession({ id })),
});

const promptSession = defineTool({
  name: 'prompt_session',
  title: 'Say something to a session',
  description:
    'Says more to a session that has not ended. `enqueue`: a further task after all that is planned. `steer`: the agents ' +
    'at work hear it with their next step. `interrupt`: they break off for it what they are doing. `reject`: as ' +
    '`enqueue`, but refused while an agent is at work.',
  effect: 'changes',
  input: z.object({
    session_id: SessionId,
    prompt: PromptText.describe('What else shall be done, or done otherwise.'),
    mode: PromptMode.default('steer'),
    task_id: TaskId.optional().describe('Of steer and interrupt: the task whose agent is meant; else all.'),
    idempotency_key: IdempotencyKey,
  }),
  output: SessionWhole,
  async run({ session_id: id, prompt, mode, task_id, idempotency_key: key }, { api }) {
    const body = { prompt, mode, ...(task_id === undefined ? {} : { task_id }) };
    return toSessionWhole(await api.promptSession({ id, body, 'idempotency-key': key }));
  },
});

const ACTS = [
  {
    name: 'start_session',
    operation: 'startSession',
    title: 'Start a session',
    description: 'Starts a session that was created and not started.',
    effect: 'changes',
  },
  {
    name: 'pause_session',
    operation: 'pauseSession',
    title: 'Pause a session',
    description: 'Holds a session that is at work: nothing new begins until resume_session.',
    effect: 'changes',
  },
  {
    name: 'resume_session',
    operation: 'resumeSession',
    title: 'Resume a session',
    description: 'Lets a paused session go on.',
    effect: 'changes',
  },
  {
    name: 'retry_session',
    operation: 'retrySession',
    title: 'Retry a session',
    description:
      'Runs a session again that failed, timed out, was stopped or is partially completed. Finished tasks stay finished.',
    effect: 'changes',
  },
  {
    name: 'stop_session',
    operation: 'stopSession',
    title: 'Stop a session',
    description: 'Ends a session that is at work. What is committed stays; retry_session takes it up again.',
    effect: 'ends',
  },
  {
    name: 'cancel_session',
    operation: 'cancelSession',
    title: 'Cancel a session',
    description:
      'Ends a session for good that is not at work: pending, queued or paused. One at work is stopped instead.',
    effect: 'ends',
  },
] as const;

const acts: readonly Tool[] = ACTS.map(({ operation, ...words }) =>
  defineTool({
    ...words,
    input: z.object({
      session_id: SessionId,
      ...(operation === 'startSession' ? {} : { reason: Reason.optional().describe('Why; kept with it.') }),
    }),
    output: SessionWhole,
    async run(asked, { api }) {
      const id = asked.session_id;
      if (operation === 'startSession') return toSessionWhole(await api.startSession({ id }));
      const body = 'reason' in asked && typeof asked.reason === 'string' ? { reason: asked.reason } : {};
      return toSessionWhole(await api[operation]({ id, body }));
    },
  }),
);

export const SESSION_TOOLS: readonly Tool[] = [
  createSession,
  listSessions,
  getSession,
  watchSession,
  promptSession,
  ...acts,
];
