/** An actor's past on HTTP: its steps, its state at a point, and a fork from there. */
import { z } from 'zod';
import { ActorType } from '../address.ts';
import { EntityId } from '../ids.ts';
import { PastHistory, PastMoment, type PastPoint, STEPS_MAX, StepPosition } from '../past.ts';

export const ActorParams = z.object({
  type: ActorType.describe('Kind of the actor: `session`, `task`, `agent`, `context`, …'),
  id: EntityId.describe('Id of the actor.'),
});

export const HistoryQuery = z.object({
  from: StepPosition.optional().describe('Where the page begins: `next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(STEPS_MAX).default(20).describe('Steps on a page.'),
});

const PointFields = z.object({
  version: z.coerce.number().int().positive().optional().describe('As it was at this version.'),
  message_id: z.string().min(1).max(256).optional().describe('As it was after this message.'),
  at: z.iso.datetime({ offset: true }).optional().describe('As readers saw it at this time.'),
});
type PointFields = z.infer<typeof PointFields>;

export const PointQuery = PointFields.refine(namesOnePoint, {
  message: 'at most one of version, message_id and at',
});

export const ForkBody = z.preprocess(
  (body) => body ?? {},
  PointFields.extend({ version: z.number().int().positive().optional() })
    .refine(namesOnePoint, { message: 'at most one of version, message_id and at' })
    .meta({ examples: [{ version: 3 }] }),
);

export const ForkView = z
  .object({ id: EntityId, from: z.string(), version: z.number().int() })
  .meta({ id: 'Fork', description: 'A new actor, and which one it began as, at which version of it.' });

export const HistoryView = PastHistory.meta({
  id: 'ActorHistory',
  description: "An actor's turns, folded again from what is kept of its log.",
});

export const MomentView = PastMoment.meta({
  id: 'ActorMoment',
  description: 'An actor as it was at a point, and the step that led there.',
});

/** The point that a query or a body names; without one: now. */
export function toPoint({ version, message_id, at }: PointFields): PastPoint {
  if (version !== undefined) return { type: 'version', version };
  if (message_id !== undefined) return { type: 'message', id: message_id };
  return at === undefined ? { type: 'now' } : { type: 'time', atMs: Date.parse(at) };
}

function namesOnePoint({ version, message_id, at }: PointFields): boolean {
  return [version, message_id, at].filter((field) => field !== undefined).length <= 1;
}
