/** From a session to its tasks: the named template, else the one that matches best, else one task. Pure. */
import { BUILT_IN_ESTIMATES, type TaskOrigin } from '#protocols/estimates.ts';
import type { Failure } from '#protocols/failure.ts';
import type { Session, SessionDraft } from '#protocols/session.ts';
import type { TaskPriority, TaskSpec } from '#protocols/task.ts';
import { CAPABILITY_OF_VERB } from './capability-words.ts';
import { complexityOf, estimateFrom, expectedHours, likelyHoursOf } from './estimates.ts';
import { estimateByHistory } from './historical.ts';
import type { PlannedTask } from './making.ts';
import { matchTemplates } from './matching.ts';
import { compose } from './strategy.ts';
import { type Subtask, TEMPLATES, type Template } from './templates.ts';
import { wordsOf } from './words.ts';

export interface Plan {
  /** Null: one task. */
  readonly template: string | null;
  readonly tasks: readonly PlannedTask[];
}

/** What a caller names to get one task. */
export const NO_TEMPLATE = 'none';

const MAX_ATTEMPTS_DEFAULT = 3;
const TIMEOUT_SECONDS_DEFAULT = 3_600;
const TIMEOUT_SECONDS_MIN = 10;
const TEMPLATE_CONFIDENCE = 0.5;
const INFERRED_CONFIDENCE = 0.3;
const PROMPT_EXCERPT_CHARS = 1_500;
const TITLE_CHARS_MAX = 200;
const DESCRIPTION_CHARS_MAX = 2_000;

const TASK_PRIORITY = {
  critical: 'critical',
  high: 'high',
  medium: 'normal',
  low: 'low',
  deferred: 'background',
} as const satisfies Record<SessionDraft['priority'], (typeof TaskPriority.options)[number]>;

/** What one task of each type of session needs, and the verb that its title begins with. */
const ONE_TASK = {
  planning: { verb: 'Design', type: 'design', capability: 'system_design' },
  execution: { verb: 'Implement', type: 'implementation', capability: 'code_generation' },
  review: { verb: 'Review', type: 'review', capability: 'code_review' },
  debug: { verb: 'Fix', type: 'debugging', capability: 'debugging' },
  integration: { verb: 'Integrate', type: 'integration', capability: 'configuration' },
} as const satisfies Record<SessionDraft['session_type'], { verb: string; type: string; capability: string }>;

/** The plan, or the refusal of a template that nobody knows. `newId` gives the tasks their ids. */
export function decompose(session: Session, newId: () => string): Plan | { readonly failure: Failure } {
  const template = templateFor(session);
  if (template !== null && 'failure' in template) return template;
  return template ? planBy(template, { session, newId }) : planOne(session, newId);
}

/** The template, or several as one, laid out as the strategy says. Null: none fits, or none is wanted. */
export function templateFor(session: Session): Template | null | { readonly failure: Failure } {
  const templates = templatesFor(session);
  if ('failure' in templates) return templates;
  const isOne = namesOf(session).some((name) => normalise(name) === NO_TEMPLATE);
  return isOne ? null : compose(templates, session);
}

/** Whether the session names no template and none fits it. */
export function isUnmatched(session: Session): boolean {
  return namesOf(session).length === 0 && matchTemplates(session).length === 0;
}

function namesOf({ template, templates = [] }: Session): readonly string[] {
  return template === undefined ? templates : [template, ...templates];
}

/** Those that are named, else those that match; the one with the highest priority first. */
function templatesFor(session: Session): readonly Template[] | { readonly failure: Failure } {
  const names = namesOf(session);
  if (names.length === 0) {
    const matching = matchTemplates(session);
    return session.template_match === 'all' ? matching : matching.slice(0, 1);
  }
  const named = new Set<Template>();
  for (const name of names) {
    if (normalise(name) === NO_TEMPLATE) continue;
    const template = templateNamed(name);
    if (!template) return { failure: unknownTemplate(name) };
    named.add(template);
  }
  return [...named].sort((one, other) => other.priority - one.priority);
}

export function templateNamed(name: string): Template | null {
  const normal = normalise(name);
  return TEMPLATES.find((one) => one.name === normal) ?? null;
}

/** One task of what a person asks for beside the plan. Its title is the first line of the prompt. */
export function planPrompt(session: Session, prompt: string, newId: () => string): Plan {
  const title = prompt.split('\n', 1)[0]?.trim() ?? prompt;
  const { description: _, ...rest } = session;
  return planOne({ ...rest, title, initial_prompt: prompt }, newId);
}

function normalise(name: string): string {
  return wordsOf(name).join('_');
}

export function unknownTemplate(name: string): Failure {
  const names = [...TEMPLATES.map((template) => template.name), NO_TEMPLATE].join(', ');
  const message = `there is no template "${name}"; there are ${names}`;
  return {
    code: 'VALIDATION_FAILED',
    detail: `It can't be planned: ${message}.`,
    errors: [{ path: 'template', message }],
  };
}

export interface Planning {
  readonly session: Session;
  readonly newId: () => string;
  /** Task that all of them are parts of. */
  readonly parentId?: string | undefined;
}

export function planBy(template: Template, { session, newId, parentId }: Planning): Plan {
  const subtasks = template.subtasks(session);
  const ids = new Map(subtasks.map((subtask) => [subtask.key, newId()]));
  const effort = template.effort?.(session) ?? 1;
  const tasks = subtasks.map((subtask) => ({
    id: ids.get(subtask.key) ?? newId(),
    spec: {
      ...specOf(subtask, { session, ids, effort, template: template.name }),
      ...(parentId === undefined ? {} : { parent_id: parentId }),
    },
    required: subtask.required ?? true,
  }));
  return { template: template.name, tasks };
}

interface Surroundings {
  readonly session: Session;
  readonly ids: ReadonlyMap<string, string>;
  readonly effort: number;
  readonly template: string;
}

function specOf(subtask: Subtask, { session, ids, effort, template }: Surroundings): TaskSpec {
  const { likelyHours } = subtask;
  const from = subtask.origin === undefined ? { template, key: subtask.key, effort } : subtask.origin;
  const guess = estimateFrom(likelyHours * (from?.effort ?? 1), TEMPLATE_CONFIDENCE);
  const origin: TaskOrigin | null = from && {
    estimates: BUILT_IN_ESTIMATES,
    key: `${from.template}/${from.key}`,
    likely: likelyHours,
    confidence: TEMPLATE_CONFIDENCE,
    effort: from.effort,
  };
  const estimate = origin ? estimateByHistory(guess, origin, session.learned) : guess;
  const description = `${subtask.purpose}\n\nPart of "${session.title}": ${excerptOf(session.initial_prompt)}`;
  return {
    ...commonOf(session),
    title: subtask.title,
    description: description.slice(0, DESCRIPTION_CHARS_MAX),
    task_type: subtask.type,
    required_capabilities: [subtask.capability],
    estimate,
    ...(origin ? { origin } : {}),
    complexity: complexityOf(expectedHours(estimate)),
    dependencies: (subtask.after ?? []).flatMap((key) => {
      const id = ids.get(key);
      return id ? [{ task_id: id, kind: subtask.kind ?? 'finish_to_start', required: true }] : [];
    }),
  };
}

function planOne(session: Session, newId: () => string): Plan {
  const { verb, type, capability, isSaid } = capabilityOf(session.title, session.session_type);
  const title = isSaid ? session.title : `${verb}: ${session.title}`;
  const estimate = estimateFrom(likelyHoursOf(session), INFERRED_CONFIDENCE);
  const spec: TaskSpec = {
    ...commonOf(session),
    title: title.slice(0, TITLE_CHARS_MAX),
    description: session.description ?? excerptOf(session.initial_prompt),
    task_type: type,
    required_capabilities: [capability],
    estimate,
    complexity: complexityOf(expectedHours(estimate)),
    dependencies: [],
  };
  return { template: null, tasks: [{ id: newId(), spec, required: true }] };
}

/** What a task needs: as the verb of its title says, else as the type of its session does. */
export function capabilityOf(title: string, sessionType: SessionDraft['session_type']) {
  const kind = ONE_TASK[sessionType];
  const said = CAPABILITY_OF_VERB.get(wordsOf(title)[0] ?? '');
  return { ...kind, capability: said ?? kind.capability, isSaid: said !== undefined };
}

export function commonOf(
  session: Session,
): Pick<TaskSpec, 'priority' | 'technologies' | 'max_attempts' | 'timeout_seconds'> {
  return {
    priority: TASK_PRIORITY[session.priority],
    technologies: [],
    max_attempts: MAX_ATTEMPTS_DEFAULT,
    // No attempt may outlast its session.
    timeout_seconds: Math.max(
      TIMEOUT_SECONDS_MIN,
      Math.min(TIMEOUT_SECONDS_DEFAULT, session.max_duration_seconds),
    ),
  };
}

function excerptOf(prompt: string): string {
  return prompt.length <= PROMPT_EXCERPT_CHARS ? prompt : `${prompt.slice(0, PROMPT_EXCERPT_CHARS)}…`;
}
