/**
 * From a plan as it was written down to tasks: ids for keys, what was not said read from the text, templates that a task
 * names put in its place down to the session's `max_depth`. Pure.
 */
import { estimatesOfBlueprint, type TaskOrigin } from '#protocols/estimates.ts';
import type { Failure } from '#protocols/failure.ts';
import type { PlanTask } from '#protocols/plan.ts';
import type { Session } from '#protocols/session.ts';
import type { Dependency, Estimate, TaskSpec } from '#protocols/task.ts';
import { capabilityOf, commonOf, planBy, templateFor, templateNamed } from './decompose.ts';
import { complexityOf, estimateFrom, expectedHours, likelyHoursOf } from './estimates.ts';
import { estimateByHistory } from './historical.ts';
import type { PlannedTask } from './making.ts';

export interface Drafting {
  readonly session: Session;
  readonly newId: () => string;
  readonly source: Estimate['source'];
  /** Name of the blueprint that says so. */
  readonly blueprint?: string | undefined;
  /** Task that all of them are parts of. */
  readonly parentId?: string | undefined;
  /** How deep below the session these are; 1 where nothing is said. */
  readonly depth?: number;
}

/** How sure an estimate is that somebody gave. */
const CONFIDENCE = { manual: 0.8, agent: 0.6, heuristic: 0.5, historical: 0.5 } as const satisfies Record<
  Estimate['source'],
  number
>;
const INFERRED_CONFIDENCE = 0.3;

/** Tasks of a checked plan, each with its parts behind it. A template it names must be one: see `unknownTemplates`. */
export function draftTasks(plan: readonly PlanTask[], drafting: Drafting): PlannedTask[] {
  const ids = new Map(plan.map(({ key }) => [key, drafting.newId()]));
  const depth = drafting.depth ?? depthBelow(drafting);
  return plan.flatMap((task): PlannedTask[] => {
    const id = ids.get(task.key) ?? drafting.newId();
    const dependencies = task.after.flatMap(({ key, kind, required }): Dependency[] => {
      const task_id = ids.get(key);
      return task_id === undefined ? [] : [{ task_id, kind, required }];
    });
    const whole = { id, required: task.required, spec: specOf(task, dependencies, drafting) };
    const template = task.template === undefined ? null : templateNamed(task.template);
    if (!template || depth >= drafting.session.max_depth) return [whole];
    return splitBy(planBy(template, { ...drafting, parentId: id }).tasks, whole);
  });
}

/** Names of templates in a plan that there are none of, as faults. */
export function unknownTemplates(
  plan: readonly Pick<PlanTask, 'template'>[],
): { path: string; message: string }[] {
  return plan.flatMap(({ template }, at) => {
    const isKnown = template === undefined || templateNamed(template) !== null;
    return isKnown ? [] : [{ path: `tasks.${at}.template`, message: `there is no template "${template}"` }];
  });
}

export type Layout = Partial<Pick<Session, 'template' | 'templates' | 'strategy'>>;

/** The parts of a task that is there: by the templates that are named, else by the one that matches its title. */
export function partsBy(
  { template, templates, strategy }: Layout,
  drafting: Drafting & { readonly at: number },
): PlannedTask[] | { readonly failure: Failure } {
  const { session, at } = drafting;
  const task = session.tasks[at];
  if (depthBelow(drafting) > session.max_depth) {
    const message = `its tasks are nested ${session.max_depth} deep already`;
    const errors = [{ path: 'max_depth', message }];
    return {
      failure: { code: 'VALIDATION_FAILED', detail: `This task has no further parts: ${message}.`, errors },
    };
  }
  const { description: _, ...rest } = session;
  const text = { title: task?.title ?? '', initial_prompt: '', template_match: 'best' } as const;
  const found = templateFor({ ...rest, ...text, template, templates, strategy });
  if (found && 'failure' in found) return found;
  if (found) return [...planBy(found, drafting).tasks];
  const message = 'no template fits its title: name one, or give the tasks';
  return {
    failure: { code: 'VALIDATION_FAILED', detail: `${message}.`, errors: [{ path: 'template', message }] },
  };
}

/** Those that wait for none of the others. */
export function sourceIds(planned: readonly PlannedTask[]): string[] {
  const ids = new Set(planned.map(({ id }) => id));
  const isSource = ({ spec }: PlannedTask) => !spec.dependencies.some(({ task_id }) => ids.has(task_id));
  return planned.filter(isSource).map(({ id }) => id);
}

/** Those that none of the others waits for. */
export function sinkIds(planned: readonly PlannedTask[]): string[] {
  const awaited = new Set(planned.flatMap(({ spec }) => spec.dependencies.map(({ task_id }) => task_id)));
  return planned.filter(({ id }) => !awaited.has(id)).map(({ id }) => id);
}

/** The whole waits for its parts, and these for what it waits for. */
function splitBy(parts: readonly PlannedTask[], whole: PlannedTask): PlannedTask[] {
  const sources = new Set(sourceIds(parts));
  const own = whole.spec.dependencies;
  const waiting = parts.map((part) => {
    if (!sources.has(part.id)) return part;
    const dependencies = [...part.spec.dependencies, ...own.filter(({ kind }) => kind.endsWith('_to_start'))];
    return { ...part, required: part.required && whole.required, spec: { ...part.spec, dependencies } };
  });
  const sinks = sinkIds(parts).map(
    (task_id) => ({ task_id, kind: 'finish_to_start', required: true }) as const,
  );
  return [{ ...whole, spec: { ...whole.spec, dependencies: [...own, ...sinks] } }, ...waiting];
}

/** How deep a part of the parent would be. */
function depthBelow({ session, parentId }: Drafting): number {
  let depth = 1;
  let at = session.tasks.findIndex((task) => task.id === parentId);
  for (; at >= 0 && depth <= session.tasks.length; depth++) at = session.tasks[at]?.parent ?? -1;
  return depth;
}

function specOf(
  task: PlanTask,
  dependencies: Dependency[],
  { session, source, parentId, blueprint }: Drafting,
): TaskSpec {
  const guess = estimateOf(task, source);
  const origin = blueprint === undefined ? null : originOf(task, blueprint, guess);
  const estimate = origin ? estimateByHistory(guess, origin, session.learned) : guess;
  const common = commonOf(session);
  const one = capabilityOf(task.title, session.session_type);
  return {
    ...common,
    title: task.title,
    description: task.description,
    task_type: task.task_type ?? one.type,
    priority: task.priority ?? common.priority,
    required_capabilities: task.required_capabilities ?? [one.capability],
    technologies: task.technologies,
    estimate,
    complexity: complexityOf(expectedHours(estimate)),
    dependencies,
    max_attempts: task.max_attempts ?? common.max_attempts,
    timeout_seconds: Math.min(task.timeout_seconds ?? common.timeout_seconds, session.max_duration_seconds),
    ...(parentId === undefined ? {} : { parent_id: parentId }),
    ...(origin ? { origin } : {}),
  };
}

function originOf({ key }: PlanTask, blueprint: string, { likely, confidence }: Estimate): TaskOrigin {
  return { estimates: estimatesOfBlueprint(blueprint), key, likely, confidence, effort: 1 };
}

function estimateOf({ title, description, estimate }: PlanTask, source: Estimate['source']): Estimate {
  if (!estimate) {
    return estimateFrom(likelyHoursOf({ title, initial_prompt: description }), INFERRED_CONFIDENCE);
  }
  const { likely, optimistic = likely / 2, pessimistic = likely * 2 } = estimate;
  return { optimistic, likely, pessimistic, confidence: CONFIDENCE[source], source };
}
