/**
 * One branch at the end: a session whose work ends in several branches has them merged by one more task. Pure.
 *
 * J1. It is planned once a run, when all other tasks are over, and is optional: work that was done is not lost by a merge
 *     that failed.
 * J2. It costs no thought, so no budget holds it back.
 */
import type { TurnContext } from '#protocols/actor.ts';
import { emit } from '#protocols/effects.ts';
import { LIMITS } from '#protocols/limits.ts';
import { MERGE_TYPE, mergeTaskId } from '#protocols/merging.ts';
import type { Session } from '#protocols/session.ts';
import type { TaskSpec } from '#protocols/task.ts';
import { type Step, withEffects } from '../turn.ts';
import { move } from './change.ts';
import { commonOf } from './decompose.ts';
import { complexityOf, estimateFrom, expectedHours } from './estimates.ts';
import { branchesAtEnd, isFinal } from './graph.ts';
import { addTasks, type PlannedTask, plannedRecord } from './making.ts';

const MERGE_HOURS = 0.02;
const MERGE_CONFIDENCE = 0.9;

/** The session with the task that merges, as its last one; null: there is nothing to merge, or it was tried. */
export function planJoin(step: Step<Session>, context: TurnContext): Step<Session> | null {
  const { state: session } = step;
  const id = mergeTaskId(session.id, session.run);
  const ends = new Set(branchesAtEnd(session));
  const isDue = session.workspace !== undefined && ends.size > 1;
  const isFull = session.tasks.length >= LIMITS.tasksPerSessionMax;
  if (!isDue || isFull || session.tasks.some((task) => task.id === id)) return null;
  const after = session.tasks.filter(
    ({ state, branch }) => state === 'completed' && branch !== null && ends.delete(branch),
  );
  const planned: PlannedTask = { id, spec: specOf(session, after), required: false };
  // Paused while the last tasks came in: there is nothing left to hold but this.
  const last = { to: 'running', reason: 'the branches are merged', detail: 'finalizing' } as const;
  const running = session.state === 'paused' ? move(step, last, context) : step;
  const finalizing: Step<Session> = { ...running, state: { ...running.state, status_detail: 'finalizing' } };
  return withEffects(addTasks(finalizing, [planned]), emit('planned', plannedRecord(session, [planned])));
}

/** Nothing is left to do but to merge. */
export function isJoining({ id, run, tasks }: Session): boolean {
  const open = tasks.filter((task) => !isFinal(task));
  return open.length === 1 && open[0]?.id === mergeTaskId(id, run);
}

function specOf(session: Session, after: Session['tasks']): TaskSpec {
  const estimate = estimateFrom(MERGE_HOURS, MERGE_CONFIDENCE);
  return {
    ...commonOf(session),
    title: 'Integrate the branches into one',
    description: `Merge the branches of ${after.length} tasks into one. Where they merge there is nothing else to do.`,
    task_type: MERGE_TYPE,
    required_capabilities: [],
    estimate,
    complexity: complexityOf(expectedHours(estimate)),
    dependencies: after.map((task) => ({ task_id: task.id, kind: 'finish_to_start', required: true })),
  };
}
