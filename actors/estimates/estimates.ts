/**
 * What a tenant has learned of the tasks of its templates. It hears of each task that is completed; the gateway reads it
 * for the next session.
 *
 * L1. An attempt counts once: what is said again of one that was counted is left aside.
 * L2. Its state is bounded: of too many tasks it forgets those that it has not heard of for longest.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import {
  Estimates,
  EstimatesMessage,
  LEARNED_ATTEMPTS_MAX,
  LEARNED_TASKS_MAX,
  type LearnedTask,
} from '#protocols/estimates.ts';
import { isoTime, unchanged } from '../turn.ts';
import { learn } from './learn.ts';

export const estimatesKind = defineActor<Estimates, EstimatesMessage>({
  type: 'estimates',
  stateVersion: 1,
  state: Estimates,
  message: EstimatesMessage,
  control: [],
  onDefect: 'resume',
  index: ({ id }) => ({ title: id }),
  handle,
});

function handle(stored: Estimates | null, message: EstimatesMessage, context: TurnContext): Turn<Estimates> {
  const { id, tenant: tenant_id } = context.self;
  const now = isoTime(context.now);
  const before = stored ?? { id, tenant_id, tasks: [], counted: [], updated_at: now };
  const attempt = `${message.task_id}/${message.attempt}`;
  if (stored?.counted.includes(attempt)) return unchanged(stored);
  const { origin, hours } = message;
  const known = before.tasks.find(({ key }) => key === origin.key) ?? null;
  const others = before.tasks.filter((task) => task !== known);
  const learned: LearnedTask = {
    ...learn(known, origin, hours),
    key: origin.key,
    count: known?.base === origin.likely ? known.count + 1 : 1,
  };
  const tasks = [...others, learned].slice(-LEARNED_TASKS_MAX);
  const counted = [...before.counted, attempt].slice(-LEARNED_ATTEMPTS_MAX);
  return { state: { ...before, tasks, counted, updated_at: now }, effects: [] };
}
