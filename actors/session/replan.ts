/**
 * The plan of a session changes while it is there: more tasks, parts of a task, other dependencies. Pure.
 *
 * R1. Only while the session has not ended, and only for tasks that have not begun what would be changed.
 * R2. The graph stays without circles, and within its bounds; a change that would break them is refused whole.
 * R3. The session decides, and tells the task what it waits for by now.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { type Effect, emit, reply, send } from '#protocols/effects.ts';
import { type Failure, quotaExceeded } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { Session, SessionMessage } from '#protocols/session.ts';
import { dependenciesOf, encodeEdge, encodeEdges, findCycle, placesOf } from '#protocols/session-graph.ts';
import { type Dependency, holdsFinish } from '#protocols/task.ts';
import { beginWith, isoTime, refused, type Step, unchanged, withEffects } from '../turn.ts';
import { advance } from './advance.ts';
import { withWarning } from './change.ts';
import { draftTasks, partsBy, sinkIds, sourceIds } from './drafts.ts';
import { planWithout } from './fall-back.ts';
import { edgesBefore, isFinal } from './graph.ts';
import { addTasks, firstPart, madeCount, type PlannedTask, plannedRecord, tasksFull } from './making.ts';
import { awaitsPlan, unwatchPlan } from './plan-watch.ts';
import { invalidTransition, isAtWork } from './transitions.ts';

type Of<Type extends SessionMessage['type']> = Extract<SessionMessage, { type: Type }>;

export function addToPlan(session: Session, message: Of<'add_tasks'>, context: TurnContext): Turn<Session> {
  const { parent_id, depends_on } = message;
  const placeOf = placesOf(session.tasks);
  const refusal =
    closedRefusal(session) ??
    (parent_id === undefined ? null : absentRefusal(placeOf, parent_id)) ??
    unknownRefusal(placeOf, depends_on);
  if (refusal) return refused(session, refusal);
  const drafting = { session, newId: () => context.id(), source: 'manual', parentId: parent_id } as const;
  const planned = waitingFor(draftTasks(message.tasks, drafting), depends_on);
  return grow(session, { planned, parentId: parent_id }, context);
}

/** An agent's plan: its first tasks wait for the one that made it, which is completed next. It is taken once. */
export function takePlan(session: Session, message: Of<'plan_made'>, context: TurnContext): Turn<Session> {
  const { run, task_id, tasks } = message;
  const isKnown = session.tasks.some(({ id }) => id === task_id);
  if (run !== session.run || session.plan_taken || !isKnown || closedRefusal(session))
    return unchanged(session);
  const after: Dependency = { task_id, kind: 'finish_to_start', required: true };
  const planned = draftTasks(tasks, { session, newId: () => context.id(), source: 'agent' });
  const { learned: _, ...rest } = session;
  const taken: Session = { ...rest, plan_taken: true };
  const refusal = boundRefusal(session, planned, planned.length);
  if (refusal && awaitsPlan(session)) return takeOwnPlan(taken, { after, refusal }, context);
  if (refusal) {
    const warned = withWarning(taken, `the plan of ${task_id} was not taken: ${refusal.detail}`);
    return { state: warned, effects: [emit('plan_refused', { task_id, detail: refusal.detail, run })] };
  }
  return growUnasked(taken, waitingFor(planned, [after]), context);
}

/** The plan of an agent has no room: the session is planned without one, behind the task that made it. */
function takeOwnPlan(
  session: Session,
  { after, refusal }: { readonly after: Dependency; readonly refusal: Failure },
  context: TurnContext,
): Turn<Session> {
  const warned = withWarning(session, `the plan of ${after.task_id} was not taken: ${refusal.detail}`);
  const { tasks } = planWithout(warned, () => context.id());
  const record = { task_id: after.task_id, detail: refusal.detail, run: session.run };
  const { state, effects } = growUnasked(warned, waitingFor(tasks, [after]), context);
  return { state, effects: [emit('plan_refused', record), ...effects] };
}

function growUnasked(session: Session, planned: readonly PlannedTask[], context: TurnContext): Turn<Session> {
  const { state, effects } = grow(session, { planned, parentId: undefined }, context);
  return { state, effects: [...unwatchPlan(session), ...effects.filter(({ type }) => type !== 'reply')] };
}

export function decomposeTask(
  session: Session,
  message: Of<'decompose'>,
  context: TurnContext,
): Turn<Session> {
  const { task_id, tasks, learned } = message;
  const placeOf = placesOf(session.tasks);
  const at = placeOf.get(task_id) ?? -1;
  const refusal = closedRefusal(session) ?? absentRefusal(placeOf, task_id) ?? begunRefusal(session, at);
  if (refusal) return refused(session, refusal);
  const knowing: Session = learned ? { ...session, learned } : session;
  const common = { newId: () => context.id(), source: 'manual', parentId: task_id } as const;
  const drafting = { ...common, session: knowing };
  const parts = tasks ? draftTasks(tasks, drafting) : partsBy(message, { ...drafting, at });
  if ('failure' in parts) return refused(session, parts.failure);
  return grow(session, { planned: parts, parentId: task_id }, context);
}

export function link(session: Session, message: Of<'link'>, context: TurnContext): Turn<Session> {
  const { task_id, dependency } = message;
  const placeOf = placesOf(session.tasks);
  const at = placeOf.get(task_id) ?? -1;
  const refusal =
    closedRefusal(session) ??
    absentRefusal(placeOf, task_id) ??
    unknownRefusal(placeOf, [dependency]) ??
    linkRefusal(session, at, dependency);
  if (refusal) return refused(session, refusal);
  const place = placeOf.get(dependency.task_id) ?? -1;
  const codes = [...(session.edges[at] ?? []), encodeEdge({ ...dependency, at: place })];
  const edges = session.edges.with(at, codes);
  const cycle = findCycle(edges.map((_, one) => edgesBefore({ edges }, one).map((edge) => edge.at)));
  if (cycle) return refused(session, cycleFailure(session, cycle));
  return rewire(session, { at, edges }, context);
}

export function unlink(session: Session, message: Of<'unlink'>, context: TurnContext): Turn<Session> {
  const { task_id, depends_on } = message;
  const placeOf = placesOf(session.tasks);
  const at = placeOf.get(task_id) ?? -1;
  const task = session.tasks[at];
  // One that works may still wait with its end; one that is over waits for nothing.
  const isOpen = task && !isFinal(task) && at < madeCount(session);
  const refusal =
    closedRefusal(session) ?? absentRefusal(placeOf, task_id) ?? (isOpen ? null : begunRefusal(session, at));
  if (refusal) return refused(session, refusal);
  const place = placeOf.get(depends_on);
  const kept = edgesBefore(session, at).filter((edge) => edge.at !== place);
  if (kept.length === edgesBefore(session, at).length) {
    const detail = `${task_id} does not depend on ${depends_on}.`;
    return refused(session, { code: 'NOT_FOUND', detail });
  }
  return rewire(session, { at, edges: session.edges.with(at, kept.map(encodeEdge)) }, context);
}

interface Growth {
  readonly planned: readonly PlannedTask[];
  readonly parentId: string | undefined;
}

/** Puts the tasks into the plan. A parent that has not begun waits for its parts. */
function grow(session: Session, { planned, parentId }: Growth, context: TurnContext): Turn<Session> {
  const first = session.tasks.length;
  const at = session.tasks.findIndex((task) => task.id === parentId);
  const isWaiting = session.tasks[at]?.state === 'pending';
  const codes = session.edges[at] ?? [];
  const sinks = isWaiting ? sinkIds(planned) : [];
  const refusal = boundRefusal(session, planned, sinks.length);
  if (refusal) return refused(session, refusal);
  const inherited = isWaiting
    ? dependenciesOf(codes, session.tasks).filter((one) => !holdsFinish([one]))
    : [];
  const wired = waitingFor(planned, inherited);
  const begun: Session = { ...session, updated_at: isoTime(context.now) };
  const record = emit('planned', plannedRecord(session, firstPart(wired)));
  const grown = withEffects(addTasks(beginWith(begun), wired), record);
  const placeOf = placesOf(grown.state.tasks);
  const more = encodeEdges(
    sinks.map((task_id) => ({ task_id, kind: 'finish_to_start', required: true })),
    placeOf,
  );
  const joined =
    sinks.length === 0 ? grown : withEdges(grown, at, grown.state.edges.with(at, [...codes, ...more]));
  const places = grown.state.tasks.flatMap((_, place) => (place >= first || place === at ? [place] : []));
  const answer = reply({ task_ids: wired.map(({ id }) => id) });
  return withEffects(isAtWork(session.state) ? advance(joined, context, places) : joined, answer);
}

function rewire(
  session: Session,
  { at, edges }: { readonly at: number; readonly edges: Session['edges'] },
  context: TurnContext,
): Turn<Session> {
  const begun: Session = { ...session, updated_at: isoTime(context.now) };
  const wired = withEdges(beginWith(begun), at, edges);
  const done = isAtWork(session.state) ? advance(wired, context, [at]) : wired;
  return withEffects(done, reply({ task_id: session.tasks[at]?.id ?? null }));
}

/** The task at this place waits for others from now on, and hears of it. */
export function withEdges(step: Step<Session>, at: number, edges: Session['edges']): Step<Session> {
  const { tasks, tenant_id: tenant, run } = step.state;
  const task = tasks[at];
  if (!task) return step;
  const dependencies = dependenciesOf(edges[at] ?? [], tasks);
  const { finish_held: _, ...free } = task;
  const isHeld = holdsFinish(dependencies) && !isFinal(task);
  const changed = isHeld ? { ...free, finish_held: true as const } : free;
  const message = { type: 'set_dependencies', dependencies, finish_held: isHeld };
  const effects: Effect[] = [
    send({ type: 'task', tenant, id: task.id }, message),
    emit('dependencies_changed', { task_id: task.id, dependencies, run }),
  ];
  return withEffects(
    { ...step, state: { ...step.state, tasks: tasks.with(at, changed), edges } },
    ...effects,
  );
}

/** Those that wait for nothing in the plan wait for these. */
function waitingFor(planned: readonly PlannedTask[], dependencies: readonly Dependency[]): PlannedTask[] {
  const sources = new Set(sourceIds(planned));
  return planned.map((task) => {
    if (!sources.has(task.id)) return task;
    return { ...task, spec: { ...task.spec, dependencies: [...task.spec.dependencies, ...dependencies] } };
  });
}

function closedRefusal(session: Session): Failure | null {
  const isOpen = session.state === 'pending' || session.state === 'queued' || isAtWork(session.state);
  return isOpen ? null : invalidTransition(session.state, 'have its plan changed');
}

function absentRefusal(placeOf: ReadonlyMap<string, number>, taskId: string): Failure | null {
  if (placeOf.has(taskId)) return null;
  return { code: 'TASK_NOT_FOUND', detail: `There is no task ${taskId} in this session.` };
}

function unknownRefusal(
  placeOf: ReadonlyMap<string, number>,
  dependencies: readonly Dependency[],
): Failure | null {
  const errors = dependencies.flatMap(({ task_id }, index) => {
    const message = placeOf.has(task_id)
      ? dependencies.findIndex((one) => one.task_id === task_id) < index && 'is named twice'
      : 'there is no such task in its session';
    return message ? [{ path: `depends_on.${index}.task_id`, message }] : [];
  });
  return errors.length === 0
    ? null
    : { code: 'VALIDATION_FAILED', detail: 'What it depends on is not right.', errors };
}

/** What the task would wait for with its start or its end is too late for it by now. */
function begunRefusal(session: Session, at: number): Failure | null {
  const task = session.tasks[at];
  if (at >= madeCount(session)) {
    return { code: 'NOT_READY', detail: 'It is being made; ask again.', retry_after_seconds: 1 };
  }
  if (!task || task.state === 'pending') return null;
  const detail = `A task that is ${task.state} can't be changed so: it has begun, or is over.`;
  return { code: 'INVALID_TRANSITION', detail, current_state: task.state, allowed: ['pending'] };
}

function linkRefusal(session: Session, at: number, dependency: Dependency): Failure | null {
  const task = session.tasks[at];
  const wrong = (message: string): Failure => {
    return {
      code: 'VALIDATION_FAILED',
      detail: `This can't be: ${message}.`,
      errors: [{ path: 'task_id', message }],
    };
  };
  if (task?.id === dependency.task_id) return wrong('a task does not depend on itself');
  const before = dependenciesOf(session.edges[at] ?? [], session.tasks);
  if (before.some(({ task_id }) => task_id === dependency.task_id))
    return wrong('it depends on that one already');
  const bound = boundRefusal(session, [], 1);
  if (bound) return bound;
  if (task && holdsFinish([dependency]) && !isFinal(task) && at < madeCount(session)) return null;
  return begunRefusal(session, at);
}

function boundRefusal(session: Session, planned: readonly PlannedTask[], moreEdges: number): Failure | null {
  const { tasksPerSessionMax, edgesPerSessionMax } = LIMITS;
  if (session.tasks.length + planned.length > tasksPerSessionMax) {
    return tasksFull(session);
  }
  const there = session.edges.reduce((sum, codes) => sum + codes.length, 0);
  const added = planned.reduce((sum, { spec }) => sum + spec.dependencies.length, 0);
  if (there + added + moreEdges <= edgesPerSessionMax) return null;
  const frees = 'there is room when a dependency is taken away';
  return quotaExceeded({ name: 'dependencies_per_session', limit: edgesPerSessionMax, used: there, frees });
}

function cycleFailure({ tasks }: Session, places: readonly number[]): Failure {
  const cycle = places.map((at) => tasks[at]?.id ?? '');
  const names = places.map((at) => `"${tasks[at]?.title}"`).join(' → ');
  return { code: 'DEPENDENCY_CYCLE', detail: `These tasks would wait for each other: ${names}.`, cycle };
}
