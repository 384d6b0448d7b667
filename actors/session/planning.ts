/**
 * How a session gets its tasks: by the blueprint that it came with, by an agent where it asks for that, else by the built-in
 * templates. Pure.
 */
import { parseReference } from '#protocols/blueprint.ts';
import type { Failure } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import { PLANNING_CAPABILITY, PLANNING_INSTRUCTIONS, PLANNING_TYPE } from '#protocols/plan-by-agent.ts';
import type { Strategy } from '#protocols/plan-layout.ts';
import type { Session } from '#protocols/session.ts';
import { commonOf, decompose, isUnmatched, type Plan } from './decompose.ts';
import { draftTasks } from './drafts.ts';
import { complexityOf, estimateFrom, expectedHours } from './estimates.ts';
import { BY_AGENT } from './plan-watch.ts';

const PLANNING_HOURS = 0.25;
const PLANNING_CONFIDENCE = 0.5;
const TITLE_CHARS_MAX = 200;

/** `hasPlanner`: an agent is there whose work it is to plan, for what no template fits. */
export function planSession(
  session: Session,
  newId: () => string,
  hasPlanner = false,
): Plan | { readonly failure: Failure } {
  if (session.plan) return planByBlueprint({ ...session, plan: session.plan }, newId);
  if (session.blueprint !== undefined) {
    const message = 'it was not read when the session was created';
    return { failure: wrong('blueprint', message) };
  }
  const isAsked = hasPlanner && session.unmatched === 'agent' && isUnmatched(session);
  return isAsked || session.template === BY_AGENT ? planByAgent(session, newId) : decompose(session, newId);
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
    description: [PLANNING_INSTRUCTIONS, ...instructionsOf(session)].join('\n'),
    task_type: PLANNING_TYPE,
    required_capabilities: [PLANNING_CAPABILITY],
    estimate,
    complexity: complexityOf(expectedHours(estimate)),
    dependencies: [],
  };
  return { template: BY_AGENT, tasks: [{ id: newId(), spec, required: true }] };
}

const LAID_OUT = {
  functional: 'Part it by what the parts do.',
  temporal: 'Part it into phases, each after the one before.',
  capability: 'Part it by capability: one task for each that is needed.',
} as const satisfies Record<Strategy, string>;

function instructionsOf({ strategy }: Session): string[] {
  return strategy === undefined ? [] : [LAID_OUT[strategy]];
}

function wrong(path: string, message: string): Failure {
  return {
    code: 'VALIDATION_FAILED',
    detail: `It can't be planned: ${message}.`,
    errors: [{ path, message }],
  };
}
