/**
 * Planned tasks are made: put behind those that are there, and told to begin their lives. Pure.
 *
 * P1. A plan is made in parts, in order, one part a turn: the rest comes as messages of the session to itself.
 * P2. A task hears nothing before it is made. One that is made after the end of its run is cancelled at once.
 */
import { type Effect, send } from '#protocols/effects.ts';
import { type Failure, quotaExceeded } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { Session, TaskSummary } from '#protocols/session.ts';
import { encodeEdges, placesOf } from '#protocols/session-graph.ts';
import { holdsFinish, NO_USAGE, type TaskBrief, type TaskSpec } from '#protocols/task.ts';
import { type Step, withEffects } from '../turn.ts';
import { deviationHours, expectedHours, roundHours } from './estimates.ts';
import { shortTitle } from './shorten.ts';

export interface PlannedTask {
  readonly id: string;
  readonly spec: TaskSpec;
  readonly required: boolean;
}
type Made = Pick<PlannedTask, 'id' | 'spec'>;

/** A part of a plan has at most so many tasks, edges and characters of text: it fits into one message. */
const PART_TASKS_MAX = 50;
const PART_EDGES_MAX = 1_000;
const PART_CHARS_MAX = 100_000;

/** Adds tasks to the session. `prompt`: what they are about, where it is not what the session is about. */
export function addTasks(
  step: Step<Session>,
  planned: readonly PlannedTask[],
  prompt?: string,
): Step<Session> {
  const { state: session } = step;
  const placeOf = placesOf([...session.tasks, ...planned]);
  const tasks = [...session.tasks, ...planned.map((task) => summaryOf(task, placeOf))];
  const edges = planned.map(({ spec }) => encodeEdges(spec.dependencies, placeOf));
  const self = { type: 'session', tenant: session.tenant_id, id: session.id };
  const isBehind = session.unmade > 0;
  const made = planned.map(({ id, spec }) => ({ id, spec }));
  const parts = partsOf(made);
  const [first = []] = isBehind ? [] : parts;
  let from = session.tasks.length + first.length;
  const rest = (isBehind ? parts : parts.slice(1)).map((part) => {
    const message = { type: 'make_tasks', from, tasks: part, ...(prompt === undefined ? {} : { prompt }) };
    from += part.length;
    return send(self, message);
  });
  const unmade = session.unmade + planned.length - first.length;
  const added = { ...session, tasks, edges: [...session.edges, ...edges], unmade };
  return withEffects({ ...step, state: added }, ...creates(added, first, prompt), ...rest);
}

/** No room for so many tasks. */
export function tasksFull({ tasks }: Pick<Session, 'tasks'>): Failure {
  const frees = 'a session keeps all of its tasks';
  return quotaExceeded({
    name: 'tasks_per_session',
    limit: LIMITS.tasksPerSessionMax,
    used: tasks.length,
    frees,
  });
}

/** What an event tells of tasks that were planned. */
export function plannedRecord({ used_template, run }: Session, tasks: readonly Made[]) {
  const titles = tasks.map(({ id, spec }) => {
    return { id, title: spec.title, depends_on: spec.dependencies.map((dependency) => dependency.task_id) };
  });
  return { template: used_template, run, tasks: titles };
}

/** The tasks of a plan that are made in the turn in which it is made. */
export function firstPart<Task extends Made>(planned: readonly Task[]): readonly Task[] {
  return partsOf(planned)[0] ?? [];
}

export function briefOf(session: Session): TaskBrief {
  const { model, workspace } = session;
  return {
    session_id: session.id,
    run: session.run,
    session_title: session.title,
    prompt: session.initial_prompt,
    ...(model === undefined ? {} : { model }),
    ...(workspace === undefined ? {} : { workspace: { repo: workspace.repo, base_ref: workspace.base_ref } }),
  };
}

/** How many tasks are made: they come first. */
export function madeCount({ tasks, unmade }: Session): number {
  return tasks.length - unmade;
}

export function creates(session: Session, made: readonly Made[], prompt?: string): Effect[] {
  const brief = { ...briefOf(session), ...(prompt === undefined ? {} : { prompt }) };
  return made.map(({ id, spec }) =>
    send({ type: 'task', tenant: session.tenant_id, id }, { type: 'create', spec, brief }),
  );
}

function partsOf<Task extends Made>(planned: readonly Task[]): Task[][] {
  const parts: Task[][] = [];
  let last: Task[] = [];
  let [edges, chars] = [0, 0];
  for (const task of planned) {
    edges += task.spec.dependencies.length;
    chars += task.spec.title.length + task.spec.description.length;
    const isFull = last.length >= PART_TASKS_MAX || edges > PART_EDGES_MAX || chars > PART_CHARS_MAX;
    if (isFull || parts.length === 0) {
      last = [];
      parts.push(last);
      edges = task.spec.dependencies.length;
      chars = task.spec.title.length + task.spec.description.length;
    }
    last.push(task);
  }
  return parts;
}

function summaryOf({ id, spec, required }: PlannedTask, placeOf: ReadonlyMap<string, number>): TaskSummary {
  const parent = spec.parent_id === undefined ? undefined : placeOf.get(spec.parent_id);
  return {
    id,
    title: shortTitle(spec.title),
    state: 'pending',
    required,
    attempt: 0,
    retrying: false,
    agent_id: null,
    expected_hours: roundHours(expectedHours(spec.estimate)),
    deviation_hours: roundHours(deviationHours(spec.estimate)),
    branch: null,
    error: null,
    usage: NO_USAGE,
    ...(parent === undefined ? {} : { parent }),
    ...(holdsFinish(spec.dependencies) ? { finish_held: true } : {}),
  };
}
