/** One sample: what an agent said and did in the attempt that completed a task, with where it is from. Pure. */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { EntityId } from '#protocols/ids.ts';
import { type Trajectory, TrajectoryMessage } from '#protocols/trajectory.ts';

const Origin = z.object({
  session_id: EntityId,
  task_id: EntityId,
  attempt: z.number().int(),
  agent_id: z.string(),
  /** The model that made it. */
  model: z.string().nullable(),
  task_type: z.string(),
  capabilities: z.array(z.string()),
  complexity: z.string(),
  repo: z.string().nullable(),
  accepted_by: z.string(),
  success_rate: z.number(),
  cost_usd: z.number(),
});
export type Origin = z.infer<typeof Origin>;

/** The canonical record: every format is a pure function of it. */
export const TrajectorySample = Origin.extend({
  id: z.string(),
  /** Of what is said and done in it, ids aside: equal ones are duplicates. */
  hash: z.string().length(64),
  messages: z.array(TrajectoryMessage),
  redactions: z.record(z.string(), z.number().int()),
});
export type TrajectorySample = z.infer<typeof TrajectorySample>;

export function toSample(
  origin: Origin,
  messages: Trajectory['messages'],
  redactions: Readonly<Record<string, number>>,
): TrajectorySample {
  return {
    ...origin,
    id: `${origin.task_id}/${origin.attempt}`,
    hash: hash('sha256', JSON.stringify(withPlainIds(messages))),
    messages,
    redactions,
  };
}

/** Why nothing can be learned of it; null: something can. */
export function obstacleTo(
  messages: Trajectory['messages'],
  charsMax: number,
): 'too_short' | 'too_long' | null {
  const isAsked = messages.some(({ role }) => role === 'user');
  const isAnswered = messages.some((one) => one.role === 'assistant');
  if (!isAsked || !isAnswered) return 'too_short';
  return JSON.stringify(messages).length > charsMax ? 'too_long' : null;
}

/**
 * Whether a model shall learn to say this: not, where all that it did with it failed. It stays as what came before the
 * mending.
 */
export function isToLearn(message: TrajectoryMessage, messages: Trajectory['messages']): boolean {
  if (message.role !== 'assistant') return false;
  if (message.tool_calls.length === 0) return true;
  const ids = new Set(message.tool_calls.map(({ id }) => id));
  const results = messages.filter((one) => one.role === 'tool' && ids.has(one.tool_call_id));
  return !results.every((one) => one.role === 'tool' && one.is_error) || results.length === 0;
}

/** Ids of calls are made by chance: they are numbered here as they come. */
function withPlainIds(messages: Trajectory['messages']): Trajectory['messages'] {
  const numbers = new Map<string, string>();
  const plain = (id: string) => {
    const known = numbers.get(id) ?? `call_${numbers.size + 1}`;
    numbers.set(id, known);
    return known;
  };
  return messages.map((message) => {
    if (message.role === 'tool') return { ...message, tool_call_id: plain(message.tool_call_id) };
    if (message.role !== 'assistant') return message;
    return { ...message, tool_calls: message.tool_calls.map((call) => ({ ...call, id: plain(call.id) })) };
  });
}
