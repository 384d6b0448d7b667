/**
 * How the steps of templates are put together: several templates as one plan, and the plan by a strategy. Pure.
 *
 * Y1. A step waits only for steps before it, whatever is put together and however: no circle can come about.
 * Y2. Several templates end in one step that waits for the ends of all: what comes out is connected.
 */
import { CAPABILITIES } from '#protocols/capability.ts';
import type { Strategy } from '#protocols/plan-layout.ts';
import type { Session } from '#protocols/session.ts';
import { CAPABILITY_OF_VERB } from './capability-words.ts';
import type { Subtask, Template } from './templates.ts';
import { wordsOf } from './words.ts';

const TOGETHER: Subtask = {
  key: 'together',
  title: 'Test the parts together',
  purpose: 'All parts in one: what each of them does alone and with the others; all tests must pass.',
  type: 'testing',
  capability: 'test_generation',
  likelyHours: 2,
};

/** The phases of work of which no template says more. */
const PHASES: readonly Subtask[] = [
  {
    key: 'analysis',
    title: 'Analyze what is asked for',
    purpose: 'Write down what is asked for, what is not, and what is still open.',
    type: 'requirements',
    capability: 'requirements_analysis',
    likelyHours: 1,
  },
  {
    key: 'design',
    title: 'Design the solution',
    purpose: 'Say how it shall be done, short enough to be read.',
    type: 'design',
    capability: 'system_design',
    likelyHours: 2,
    after: ['analysis'],
  },
  {
    key: 'implementation',
    title: 'Implement the solution',
    purpose: 'Build what the design says.',
    type: 'implementation',
    capability: 'code_generation',
    likelyHours: 4,
    after: ['design'],
  },
  {
    key: 'testing',
    title: 'Test the result',
    purpose: 'Test the happy way and the refused one; all tests must pass.',
    type: 'testing',
    capability: 'test_generation',
    likelyHours: 2,
    after: ['implementation'],
  },
];

const HOURS_A_CAPABILITY = 2;
const TITLE_CHARS_MAX = 200;

/** The templates as one, by the session's strategy; null: there is none. */
export function compose(templates: readonly Template[], session: Session): Template | null {
  const [first] = templates;
  const { strategy } = session;
  if (!first) return composeWithout(session);
  if (templates.length === 1 && (strategy === undefined || strategy === 'functional')) return first;
  const parts = templates.map((template) => withOrigins(template, session));
  const steps = parts.length === 1 ? (parts[0] ?? []) : together(parts);
  return { ...first, name: nameOf(templates), effort: () => 1, subtasks: () => shape(steps, strategy) };
}

/** Steps that come before those that wait for them, by a strategy. */
export function shape(steps: readonly Subtask[], strategy: Strategy | undefined): readonly Subtask[] {
  switch (strategy) {
    case 'temporal':
      return inPhases(steps);
    case 'capability':
      return byCapability(steps);
    default:
      return steps;
  }
}

/** Of a session that fits no template: its phases, or a step for each capability that its text asks for. */
function composeWithout(session: Session): Template | null {
  const composed = { priority: 0, matches: [] };
  if (session.strategy === 'temporal') return { ...composed, name: 'phases', subtasks: () => PHASES };
  if (session.strategy !== 'capability') return null;
  const text = `${session.title} ${session.description ?? ''} ${session.initial_prompt}`;
  const asked = new Set(wordsOf(text).flatMap((word) => CAPABILITY_OF_VERB.get(word) ?? []));
  const capabilities = CAPABILITIES.filter((capability) => asked.has(capability));
  if (capabilities.length < 2) return null;
  return { ...composed, name: 'capabilities', subtasks: () => capabilities.map(stepOf) };
}

/** One capability after the other, in the order in which work is done. */
function stepOf(capability: string, at: number, all: readonly string[]): Subtask {
  const verb = [...CAPABILITY_OF_VERB].find(([, named]) => named === capability)?.[0] ?? 'implement';
  const before = all[at - 1];
  return {
    key: capability,
    title: `${verb.slice(0, 1).toUpperCase()}${verb.slice(1)} what is asked for`,
    purpose: `The part of it that is ${capability.replaceAll('_', ' ')}.`,
    type: capability,
    capability,
    likelyHours: HOURS_A_CAPABILITY,
    ...(before === undefined ? {} : { after: [before] }),
  };
}

/** Each step says whose it is: its hours are learned for its own template, by its own effort. */
function withOrigins(template: Template, session: Session): Subtask[] {
  const effort = template.effort?.(session) ?? 1;
  const own = (key: string) => `${template.name}/${key}`;
  return template.subtasks(session).map((step) => ({
    ...step,
    key: own(step.key),
    ...(step.after ? { after: step.after.map(own) } : {}),
    origin: { template: template.name, key: step.key, effort },
  }));
}

function together(parts: readonly (readonly Subtask[])[]): Subtask[] {
  const steps = parts.flat();
  const awaited = new Set(steps.flatMap(({ after = [], kind }) => (kind === undefined ? after : [])));
  const ends = steps.filter(({ key }) => !awaited.has(key)).map(({ key }) => key);
  return [...steps, { ...TOGETHER, after: ends }];
}

/** A step of a phase waits for all of the phase before; what waits for nothing is the first. */
function inPhases(steps: readonly Subtask[]): Subtask[] {
  const phases: Subtask[][] = [];
  const phaseOf = new Map<string, number>();
  for (const step of steps) {
    const phase = Math.max(-1, ...(step.after ?? []).map((key) => phaseOf.get(key) ?? -1)) + 1;
    phaseOf.set(step.key, phase);
    const { kind: _, after: __, ...alone } = step;
    phases[phase] = [...(phases[phase] ?? []), alone];
  }
  // A phase is whole only now: each waits for all of the one before.
  return phases.flatMap((phase, at) => {
    const before = phases[at - 1]?.map(({ key }) => key);
    return phase.map((step) => (before ? { ...step, after: before } : step));
  });
}

interface Group {
  readonly capability: string;
  readonly members: Subtask[];
  readonly before: Set<Group>;
}

/**
 * What needs the same capability is one step, in the place where the last of it can be done. Where that would make two steps
 * wait for each other, a capability has a step more.
 */
function byCapability(steps: readonly Subtask[]): Subtask[] {
  const groups: Group[] = [];
  const groupOf = new Map<string, Group>();
  for (const step of steps) {
    const before = new Set((step.after ?? []).flatMap((key) => groupOf.get(key) ?? []));
    const mayJoin = (group: Group) =>
      group.capability === step.capability &&
      [...before].every((one) => one === group || !dependsOn(one, group));
    const known = groups.findLast(mayJoin);
    const group = known ?? { capability: step.capability, members: [], before: new Set<Group>() };
    if (!known) groups.push(group);
    group.members.push(step);
    for (const one of before) if (one !== group) group.before.add(one);
    groupOf.set(step.key, group);
  }
  return sorted(groups).map(merge);
}

function dependsOn(group: Group, other: Group): boolean {
  return [...group.before].some((one) => one === other || dependsOn(one, other));
}

/** Those that are waited for come first. */
function sorted(groups: readonly Group[]): Group[] {
  const placed = new Set<Group>();
  const place = (group: Group): void => {
    if (placed.has(group)) return;
    for (const one of group.before) place(one);
    placed.add(group);
  };
  for (const group of groups) place(group);
  return [...placed];
}

function merge({ members, before }: Group): Subtask {
  const [first = TOGETHER, ...others] = members;
  const after = [...before].map((group) => keyOf(group));
  const { after: _, kind: __, ...alone } = first;
  const wired = after.length === 0 ? alone : { ...alone, after };
  if (others.length === 0) return wired;
  return {
    ...wired,
    title: members
      .map(({ title }) => title)
      .join('; ')
      .slice(0, TITLE_CHARS_MAX),
    purpose: members.map(({ title, purpose }) => `${title}: ${purpose}`).join('\n'),
    likelyHours: members.reduce(
      (sum, { likelyHours, origin }) => sum + likelyHours * (origin?.effort ?? 1),
      0,
    ),
    required: members.some(({ required }) => required !== false),
    // Nothing is learned of a step that no template has.
    origin: null,
  };
}

function keyOf({ members }: Group): string {
  return members[0]?.key ?? '';
}

function nameOf(templates: readonly Template[]): string {
  return templates.map(({ name }) => name).join('+');
}
