/**
 * Branches that don't merge: the task that was to begin with them waits, and an integrator gets a task to resolve it. Pure.
 *
 * C1. The resolver begins with the same branches, and the waiting task with the resolver's in their place: `graph.ts` leaves
 *     out what another branch contains.
 * C2. The waiting task is told to go on when the resolver is done, and is skipped when it is lost, like any other.
 */
import type { TurnContext } from '#protocols/actor.ts';
import { emit } from '#protocols/effects.ts';
import { LIMITS } from '#protocols/limits.ts';
import { CONFLICT_TYPE, INTEGRATOR_CAPABILITY, resolverTaskId } from '#protocols/merging.ts';
import type { Session, TaskSummary } from '#protocols/session.ts';
import { encodeEdge } from '#protocols/session-graph.ts';
import type { Dependency, TaskSpec } from '#protocols/task.ts';
import { type Step, withEffects } from '../turn.ts';
import { advance } from './advance.ts';
import { withWarning } from './change.ts';
import { commonOf } from './decompose.ts';
import { complexityOf, estimateFrom, expectedHours } from './estimates.ts';
import { edgesBefore } from './graph.ts';
import { addTasks, type PlannedTask, plannedRecord } from './making.ts';
import { withEdges } from './replan.ts';
import { tell } from './tell.ts';

const RESOLVE_HOURS = 0.5;
const RESOLVE_CONFIDENCE = 0.3;
const TITLE_CHARS_MAX = 200;
const DESCRIPTION_CHARS_MAX = 2_000;

/** Plans the resolver of the conflict that the task at this place ran into, and lets it begin. */
export function resolveConflict(
  step: Step<Session>,
  { at, fault }: { readonly at: number; readonly fault: string },
  context: TurnContext,
): Step<Session> {
  const { state: session } = step;
  const task = session.tasks[at];
  if (!task) return step;
  if (session.tasks.length >= LIMITS.tasksPerSessionMax) return giveUp(step, at, context);
  const place = session.tasks.length;
  const planned: PlannedTask = {
    id: resolverTaskId(task.id, task.attempt),
    spec: specOf(session, { at, task, fault }),
    required: task.required,
  };
  const added = withEffects(
    addTasks(step, [planned]),
    emit('planned', plannedRecord(session, [planned])),
    emit('conflict_found', { task_id: task.id, resolver_id: planned.id, detail: fault, run: session.run }),
  );
  const edge = encodeEdge({ at: place, kind: 'finish_to_start', required: true });
  const codes = [...(added.state.edges[at] ?? []), edge];
  return advance(withEdges(added, at, added.state.edges.with(at, codes)), context, [place]);
}

function giveUp(step: Step<Session>, at: number, context: TurnContext): Step<Session> {
  const warned = withWarning(step.state, 'there is no room for a task that resolves a conflict');
  const tasks = warned.tasks.map((task, place) =>
    place === at ? { ...task, state: 'skipped' as const } : task,
  );
  return advance(tell({ ...step, state: { ...warned, tasks } }, 'skip', [at]), context, [at]);
}

interface Conflict {
  readonly at: number;
  readonly task: TaskSummary;
  readonly fault: string;
}

function specOf(session: Session, { at, task, fault }: Conflict): TaskSpec {
  const estimate = estimateFrom(RESOLVE_HOURS, RESOLVE_CONFIDENCE);
  const description = `"${task.title}" is to begin with branches that don't merge: ${fault}`;
  return {
    ...commonOf(session),
    title: `Resolve the conflicts before: ${task.title}`.slice(0, TITLE_CHARS_MAX),
    description: description.slice(0, DESCRIPTION_CHARS_MAX),
    task_type: CONFLICT_TYPE,
    required_capabilities: [INTEGRATOR_CAPABILITY],
    estimate,
    complexity: complexityOf(expectedHours(estimate)),
    dependencies: edgesBefore(session, at).flatMap((edge): Dependency[] => {
      const before = session.tasks[edge.at];
      if (before?.state !== 'completed') return [];
      return [{ task_id: before.id, kind: 'finish_to_start', required: true }];
    }),
  };
}
