/** Sessions on HTTP: what may be asked of them and how they are shown. */
import { z } from 'zod';
import { EntityId } from '../ids.ts';
import { NamedModel } from '../model-name.ts';
import {
  Session,
  SessionDraft,
  SessionPriority,
  SessionState,
  SessionType,
  TaskSummary,
} from '../session.ts';
import { shownDetailOf } from '../session-detail.ts';
import { dependenciesOf } from '../session-graph.ts';
import { ReviewVerdict } from '../session-review.ts';
import { Dependency } from '../task.ts';
import { listedPageOf, listOf, PageCursor, PageNumber, PageSize, Search, SortOrder } from './page.ts';
import { QueuePlace } from './quota.ts';
import {
  healthScoreOf,
  isRecoverable,
  metricsOf,
  progressOf,
  SessionMetrics,
  SessionProgress,
} from './session-figures.ts';

export const CreateSession = SessionDraft.meta({
  id: 'CreateSession',
  description: 'A piece of work. It is `pending` until it is started.',
  examples: [
    {
      title: 'Make the tests pass',
      initial_prompt:
        'The test suite of this project fails. Find out why, fix the code, leave the tests as they are.',
      workspace: { repo: 'https://git.example/team/project.git', base_ref: 'main' },
      max_duration_seconds: 1_800,
      tags: ['repair'],
    },
  ],
});

export const SessionParams = z.object({ id: EntityId.describe('Id of the session.') });

/** Which sessions: of lists, and of work on many. */
export const SessionFilter = z.object({
  state: listOf(SessionState).optional().describe('Only these states; repeated or parted by commas.'),
  session_type: SessionType.optional().describe('Only this type.'),
  priority: SessionPriority.optional().describe('Only this priority.'),
  model: NamedModel.optional().describe('Only those that name this model.'),
  tag: listOf(z.string().min(1).max(64))
    .optional()
    .describe('Only those with all of these tags; repeated or parted by commas.'),
  created_by: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Only those of this creator: `user:…`, `agent:…`.'),
  verdict: ReviewVerdict.optional().describe('Only those of which a person said this last.'),
  parent_id: EntityId.optional().describe('Only children of this session.'),
  created_from: z.iso.datetime({ offset: true }).optional().describe('Created then or later.'),
  created_before: z.iso.datetime({ offset: true }).optional().describe('Created before then.'),
  search: Search,
});
export type SessionFilter = z.infer<typeof SessionFilter>;

export const SessionListQuery = SessionFilter.extend({
  sort: z.enum(['created', 'updated', 'title']).default('created').describe('What to order by.'),
  order: SortOrder.default('desc'),
  cursor: PageCursor,
  page: PageNumber,
  page_size: PageSize,
});

/** Body of stop and cancel; may be left out. */
export const ReasonBody = z
  .preprocess(
    (body) => body ?? {},
    z
      .object({ reason: z.string().trim().max(500).optional().describe('Why; kept with the session.') })
      .meta({ examples: [{ reason: 'wrong branch' }] }),
  )
  .describe('Why. May be left out.');

const derived = {
  queue: QueuePlace.nullable().describe('Where it stands and what it waits for, while it is queued.'),
  version: z.number().int().describe('Grows with each change; also the ETag.'),
  progress: SessionProgress,
  metrics: SessionMetrics,
  health_score: z.number().min(0).max(1).describe('1 is well, 0 is lost.'),
  is_recoverable: z.boolean().describe('Whether it may be retried.'),
};

const TaskOfSession = TaskSummary.extend({
  depends_on: z.array(EntityId).describe('Tasks that it waits for.'),
  dependencies: z.array(Dependency).describe('The same, with how it waits and whether it must.'),
}).meta({ id: 'TaskOfSession', description: 'A task as its session sees it; long texts are cut.' });

export const SessionView = Session.omit({
  edges: true,
  unmade: true,
  untold: true,
  plan: true,
  learned: true,
  plan_taken: true,
  recent_attempts: true,
  circuits_waited_for: true,
})
  .extend({ ...derived, tasks: z.array(TaskOfSession) })
  .meta({ id: 'Session', description: 'A session, whole.' });
export type SessionView = z.infer<typeof SessionView>;

/** As lists show it: without what may be long. */
export const SessionSummary = SessionView.omit({
  initial_prompt: true,
  agent_config: true,
  metadata: true,
  tasks: true,
  result: true,
  queue: true,
}).meta({
  id: 'SessionSummary',
  description: 'A session as lists show it: without prompt, tasks and result.',
});
export type SessionSummary = z.infer<typeof SessionSummary>;

export const SessionPage = listedPageOf('SessionPage', SessionSummary);

/** The view of a stored session at a time: running ones grow older. Its place in the queue is its scheduler's to tell. */
export function toSessionView(session: Session, version: number, nowMs: number): SessionView {
  const { edges, unmade, untold, plan, learned, plan_taken, recent_attempts, circuits_waited_for, ...shown } =
    session;
  return {
    ...shown,
    status_detail: shownDetailOf(session),
    tasks: session.tasks.map((task, at) => {
      const dependencies = dependenciesOf(edges[at] ?? [], session.tasks);
      return { ...task, depends_on: dependencies.map(({ task_id }) => task_id), dependencies };
    }),
    version,
    queue: null,
    progress: progressOf(session),
    metrics: metricsOf(session, nowMs),
    health_score: healthScoreOf(session, nowMs),
    is_recoverable: isRecoverable(session),
  };
}

export function toSessionSummary(view: SessionView): SessionSummary {
  const { initial_prompt, agent_config, metadata, tasks, result, queue, ...summary } = view;
  return summary;
}
