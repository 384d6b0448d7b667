/**
 * How a session gets its tasks: by the blueprint that it came with, by an agent where it asks for that, else by the built-in
 * templates. Pure.
 */
import { parseReference } from '#protocols/blueprint.ts';
import type { Failure } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import { PLANNING_INSTRUCTIONS, PLANNING_TYPE } from '#protocols/plan-by-agent.ts';
import type { Session } from '#protocols/session.ts';
import { commonOf, decompose, type Plan } from './decompose.ts';
import { draftTasks } from './drafts.ts';
import { complexityOf, estimateFrom, expectedHours } from './estimates.ts';

/** What a caller names to have an agent make the plan. */
export const BY_AGENT = 'agent';

const PLANNING_HOURS = 0.25;
const PLANNING_CONFIDENCE = 0.5;
const TITLE_CHARS_MAX = 200;

export function planSession(session: Session, newId: () => string): Plan | { readonly failure: Failure } {
  if (session.plan) return planByBlueprint({ ...session, plan: session.plan }, newId);
  if (session.blueprint !== undefined) {
    const message = 'it was not read when the session was created';
    return { failure: wrong('blueprint', message) };
  }
  return session.template === BY_AGENT ? planByAgent(session, newId) : decompose(session, newId);
}

function planByBlueprint(
  session: Session & { readonly plan: NonNullable<Session['plan']> },
  newId: () => string,
): Plan | { readonly failure: Failure } {
  const blueprint = session.blueprint === undefined ? undefined : parseReference(session.blueprint).name;
  const tasks = draftTasks(session.plan, { session, newId, source: 'manual', blueprint });
  const edges = tasks.reduce((sum, { spec }) => sum + spec.dependencies.length, 0);
  const { tasksPerSessionMax, edgesPerSessionMax } = LIMITS;
  if (tasks.length <= tasksPerSessionMax && edges <= edgesPerSessionMax) {
    return { template: session.blueprint ?? null, tasks };
  }
  const message = `with its templates it has ${tasks.length} tasks and ${edges} dependencies: too many`;
  return { failure: wrong('blueprint', message) };
}

/** One task whose result is the plan. */
function planByAgent(session: Session, newId: () => string): Plan {
  const estimate = estimateFrom(PLANNING_HOURS, PLANNING_CONFIDENCE);
  const spec = {
    ...commonOf(session),
    title: `Plan: ${session.title}`.slice(0, TITLE_CHARS_MAX),
    description: PLANNING_INSTRUCTIONS,
    task_type: PLANNING_TYPE,
    required_capabilities: ['task_decomposition'],
    estimate,
    complexity: complexityOf(expectedHours(estimate)),
    dependencies: [],
  };
  return { template: BY_AGENT, tasks: [{ id: newId(), spec, required: true }] };
}

function wrong(path: string, message: string): Failure {
  return {
    code: 'VALIDATION_FAILED',
    detail: `It can't be planned: ${message}.`,
    errors: [{ path, message }],
  };
}
