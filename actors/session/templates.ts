/**
 * The built-in decomposition templates: data, not code. Each gives a connected graph without cycles; a subtask names
 * what it depends on by `key`, and only subtasks before it, so a cycle can't be written.
 */
import type { SessionDraft } from '#protocols/session.ts';
import type { Dependency } from '#protocols/task.ts';

export interface Subtask {
  readonly key: string;
  /** Begins with a verb. */
  readonly title: string;
  /** What this step is to achieve; the session's prompt is added to it. */
  readonly purpose: string;
  readonly type: string;
  readonly capability: string;
  readonly likelyHours: number;
  readonly after?: readonly string[];
  /** How it depends on all in `after`; `finish_to_start` where nothing is said. */
  readonly kind?: Dependency['kind'];
  /** False: the session does not fail with it. */
  readonly required?: boolean;
  /** Whose hours are learned from it, where that is not the template that has it; null: nobody's. */
  readonly origin?: { readonly template: string; readonly key: string; readonly effort: number } | null;
}

export interface Template {
  readonly name: string;
  /** A higher one wins where several match. */
  readonly priority: number;
  /** Whole words or phrases, lower case. */
  readonly matches: readonly string[];
  readonly subtasks: (draft: SessionDraft) => readonly Subtask[];
  /** Multiplies all estimates. */
  readonly effort?: (draft: SessionDraft) => number;
}

/** Of a session whose metadata says no `security_level`, `high` is assumed. */
const SECURITY_EFFORT: ReadonlyMap<unknown, number> = new Map([
  ['low', 0.5],
  ['medium', 1],
  ['high', 1.5],
  ['critical', 2],
]);
const SECURITY_EFFORT_DEFAULT = 1.5;

const SERVICES_DEFAULT = 3;
const SERVICES_MAX = 20;

const SECURITY: readonly Subtask[] = [
  {
    key: 'design',
    title: 'Design the security model',
    type: 'design',
    capability: 'system_design',
    likelyHours: 4,
    purpose:
      'Name the assets, the threats and the trust borders, and write down the design that answers them.',
  },
  {
    key: 'implementation',
    title: 'Implement the security measures',
    type: 'implementation',
    capability: 'code_generation',
    likelyHours: 8,
    after: ['design'],
    purpose: 'Build what the design says, with safe defaults and without secrets in the code.',
  },
  {
    key: 'testing',
    title: 'Test the security measures',
    type: 'testing',
    capability: 'test_generation',
    likelyHours: 4,
    after: ['implementation'],
    purpose: 'Test what must be allowed and above all what must be refused.',
  },
  {
    key: 'audit',
    title: 'Audit the result',
    type: 'audit',
    capability: 'security_audit',
    likelyHours: 3,
    after: ['testing'],
    purpose: 'Read the finished work as an attacker would, and report or fix what you find.',
  },
];

const MICROSERVICE_SHARED: readonly Subtask[] = [
  {
    key: 'shared-auth',
    title: 'Implement the shared authentication',
    type: 'shared_component',
    capability: 'code_generation',
    likelyHours: 4,
    purpose: 'The authentication that every service uses.',
  },
  {
    key: 'shared-database',
    title: 'Implement the shared database layer',
    type: 'shared_component',
    capability: 'code_generation',
    likelyHours: 4,
    purpose: 'The database access that every service uses: connections, migrations, transactions.',
  },
  {
    key: 'shared-gateway',
    title: 'Implement the API gateway',
    type: 'shared_component',
    capability: 'code_generation',
    likelyHours: 4,
    purpose: 'The one entrance in front of all services: routing, limits, errors.',
  },
];

const CRUD: readonly Subtask[] = [
  {
    key: 'create',
    title: 'Implement create',
    type: 'implementation',
    capability: 'code_generation',
    likelyHours: 2,
    purpose: 'Creating one: its validation, its storage and its errors.',
  },
  {
    key: 'read',
    title: 'Implement read',
    type: 'implementation',
    capability: 'code_generation',
    likelyHours: 2,
    purpose: 'Reading one and listing many: filters, pages, and the answer for what is not there.',
  },
  {
    key: 'update',
    title: 'Implement update',
    type: 'implementation',
    capability: 'code_generation',
    likelyHours: 2,
    purpose: 'Changing one: what may change, its validation, and two changes at once.',
  },
  {
    key: 'delete',
    title: 'Implement delete',
    type: 'implementation',
    capability: 'code_generation',
    likelyHours: 1,
    purpose: 'Removing one, and the answer for what is not there.',
  },
  {
    key: 'tests',
    title: 'Test the create, read, update and delete operations',
    type: 'testing',
    capability: 'test_generation',
    likelyHours: 3,
    after: ['create', 'read', 'update', 'delete'],
    purpose:
      'All four operations together, the happy way and the refused one; all tests of the project must pass.',
  },
];

const UI: readonly Subtask[] = [
  {
    key: 'layout',
    title: 'Implement the layout',
    type: 'implementation',
    capability: 'code_generation',
    likelyHours: 3,
    purpose: 'The frame of every page: its regions, its sizes, its look.',
  },
  {
    key: 'navigation',
    title: 'Implement the navigation',
    type: 'implementation',
    capability: 'code_generation',
    likelyHours: 2,
    after: ['layout'],
    purpose: 'The ways between the pages, by mouse and by keyboard.',
  },
  {
    key: 'forms',
    title: 'Implement the forms',
    type: 'implementation',
    capability: 'code_generation',
    likelyHours: 4,
    after: ['layout'],
    kind: 'start_to_start',
    purpose: 'Where people enter something: fields, validation, errors.',
  },
  {
    key: 'tables',
    title: 'Implement the tables',
    type: 'implementation',
    capability: 'code_generation',
    likelyHours: 3,
    after: ['layout'],
    kind: 'start_to_start',
    purpose: 'Where people look through many things: sorting, filters, pages.',
  },
  {
    key: 'charts',
    title: 'Implement the charts',
    type: 'implementation',
    capability: 'code_generation',
    likelyHours: 3,
    after: ['layout'],
    kind: 'start_to_start',
    purpose: 'Where people see numbers over time.',
  },
];

const WEB_SERVICE: readonly Subtask[] = [
  {
    key: 'requirements',
    title: 'Analyze the requirements',
    type: 'requirements',
    capability: 'requirements_analysis',
    likelyHours: 2,
    purpose: 'Write down what is asked for, what is not, and what is still open.',
  },
  {
    key: 'design',
    title: 'Design the service',
    type: 'design',
    capability: 'system_design',
    likelyHours: 3,
    after: ['requirements'],
    purpose: 'Routes, data and errors, short enough to be read.',
  },
  {
    key: 'implementation',
    title: 'Implement the service',
    type: 'implementation',
    capability: 'code_generation',
    likelyHours: 8,
    after: ['design'],
    purpose: 'Build what the design says.',
  },
  {
    key: 'testing',
    title: 'Test the service',
    type: 'testing',
    capability: 'test_generation',
    likelyHours: 4,
    after: ['implementation'],
    purpose: 'Every route, the happy way and the refused one; all tests must pass.',
  },
  {
    key: 'deployment',
    title: 'Deploy the service',
    type: 'deployment',
    capability: 'deployment',
    likelyHours: 2,
    after: ['testing'],
    purpose: 'What is needed to run it elsewhere: its configuration, its start, its health.',
  },
];

const REFACTORING: readonly Subtask[] = [
  {
    key: 'analysis',
    title: 'Analyze the code',
    type: 'analysis',
    capability: 'code_review',
    likelyHours: 2,
    purpose: 'Find what is hard to change or slow, and why.',
  },
  {
    key: 'plan',
    title: 'Design the refactoring',
    type: 'planning',
    capability: 'architecture_planning',
    likelyHours: 1,
    after: ['analysis'],
    purpose: 'Write down the small steps, in order, each leaving the tests passing.',
  },
  {
    key: 'execution',
    title: 'Refactor the code',
    type: 'refactoring',
    capability: 'refactoring',
    likelyHours: 6,
    after: ['plan'],
    purpose: 'Take the steps; what the code does stays as it is.',
  },
  {
    key: 'verification',
    title: 'Test the refactored code',
    type: 'testing',
    capability: 'test_generation',
    likelyHours: 2,
    after: ['execution'],
    purpose: 'Show that everything works as before; all tests must pass.',
  },
];

export const TEMPLATES: readonly Template[] = [
  {
    name: 'security',
    priority: 100,
    matches: ['auth', 'authentication', 'security'],
    subtasks: () => SECURITY,
    effort: (draft) => SECURITY_EFFORT.get(draft.metadata.security_level) ?? SECURITY_EFFORT_DEFAULT,
  },
  {
    name: 'microservice',
    priority: 80,
    matches: ['microservice', 'distributed'],
    subtasks: (draft) => [...MICROSERVICE_SHARED, ...buildServices(draft.metadata.services)],
  },
  { name: 'crud', priority: 60, matches: ['crud', 'database', 'model'], subtasks: () => CRUD },
  { name: 'ui', priority: 50, matches: ['ui', 'frontend', 'interface'], subtasks: () => UI },
  {
    name: 'web_service',
    priority: 40,
    matches: ['web service', 'api', 'backend'],
    subtasks: () => WEB_SERVICE,
  },
  { name: 'refactoring', priority: 30, matches: ['refactor', 'optimize'], subtasks: () => REFACTORING },
];

/** As many services as the session's metadata asks for by `services`. */
function buildServices(asked: unknown): readonly Subtask[] {
  const isCount = typeof asked === 'number' && Number.isInteger(asked) && asked >= 1;
  const count = isCount ? Math.min(asked, SERVICES_MAX) : SERVICES_DEFAULT;
  return Array.from({ length: count }, (_, index) => ({
    key: `service-${index + 1}`,
    title: `Implement service ${index + 1} of ${count}`,
    purpose: `Service ${index + 1} of ${count}: its own data, its own interface, on the shared components.`,
    type: 'microservice',
    capability: 'code_generation',
    likelyHours: 6,
    after: MICROSERVICE_SHARED.map((shared) => shared.key),
    kind: 'start_to_start' as const,
  }));
}
