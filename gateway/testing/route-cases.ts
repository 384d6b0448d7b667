/**
 * What each operation of the API is asked for in tests. A route without its case fails `every-route.test.ts`, which says
 * what to add. What can be read off the document (wrong fields, unknown ids, repeats) has no entry here.
 */
import type { RouteWorld } from './route-world.ts';

export interface Ask {
  /** What stands for the `{…}` of the path. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Without one: the document's own example. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type InWorld<Value> = Value | ((world: RouteWorld) => Value);

export interface RouteCase {
  /** Answered 2xx. */
  readonly good: InWorld<Ask>;
  /** Answered 409 with the present state and what is allowed; or why there is no such state. */
  readonly wrongState?: InWorld<Ask> | { readonly none: string };
  /** Why unknown ids in the path are not answered 404, by the id's name. */
  readonly known?: Readonly<Record<string, string>>;
  /** Fields that make another good body of it, where no common field does. */
  readonly other?: object;
  /** Why a repeat is told apart by something else than its key. */
  readonly repeats?: string;
}

const id = (value: string, body?: unknown): Ask => ({ path: { id: value }, ...(body ? { body } : {}) });
const reads = (good: InWorld<Ask> = {}): RouteCase => ({ good });
const NO_STATES = { none: 'it has no states' };
const why = { reason: 'for the test' };
const title = { title: 'Document the interface' };
const lock = (name: string, body: object): Ask => ({ path: { name }, body });
const letter = ({ ids }: RouteWorld, body: object = why) => id(ids.letter, body);
const dropped = ({ ids }: RouteWorld, body: object = why) => id(ids.dropped, body);
const actor = (one: string, body?: object): Ask => ({
  path: { type: 'session', id: one },
  ...(body ? { body } : {}),
});
const ANY_ID = { id: 'a stream is of what will be: its actor may come later' };
const ANY_PLACE = { id: 'contexts of nobody are an empty list' };

const SESSIONS: Readonly<Record<string, RouteCase>> = {
  createSession: { good: { body: { ...title, initial_prompt: 'Fix the code.' } }, wrongState: NO_STATES },
  listSessions: reads(),
  getSession: reads(id('running')),
  deleteSession: { good: id('failed'), wrongState: id('running') },
  startSession: { good: id('pending'), wrongState: id('completed') },
  stopSession: { good: id('running', why), wrongState: id('completed', why) },
  cancelSession: { good: id('pending', why), wrongState: id('running', why) },
  pauseSession: { good: id('running', why), wrongState: id('pending', why) },
  resumeSession: { good: id('paused', why), wrongState: id('running', why) },
  completeSession: { good: id('running', why), wrongState: id('pending', why) },
  failSession: { good: id('running', why), wrongState: id('completed', why) },
  retrySession: { good: id('failed', why), wrongState: id('running', why) },
  reviewSession: {
    good: id('completed', { verdict: 'accepted', ...why }),
    wrongState: id('running', { verdict: 'accepted', ...why }),
  },
  promptSession: {
    good: id('running', { prompt: 'Document it.' }),
    wrongState: id('completed', { prompt: 'Document it.' }),
  },
  adoptSession: {
    good: id('orphaned', { parent_id: 'running' }),
    wrongState: id('pending', { parent_id: 'running' }),
  },
  createBulk: { good: { body: { action: 'stop', session_ids: ['running'], ...why } }, wrongState: NO_STATES },
  listBulks: reads(),
  getBulk: reads({ path: { job: 'job-running' } }),
  cancelBulk: { good: { path: { job: 'job-running' } }, wrongState: { path: { job: 'job-completed' } } },
  createCheckpoint: { good: id('running', why), wrongState: id('completed', why) },
  listCheckpoints: reads(id('paused')),
  getCheckpoint: reads({ path: { id: 'paused', sequence: '1' } }),
  restoreCheckpoint: {
    good: { path: { id: 'paused', sequence: '1' } },
    wrongState: { path: { id: 'running', sequence: '1' } },
  },
  getSessionStats: reads(),
  getSessionTree: reads(id('running')),
  listSessionTasks: reads(id('running')),
  getSessionGraph: reads(id('running')),
  listSessionArtifacts: reads(id('running')),
  listSessionEvents: reads(id('running')),
};

const TASKS: Readonly<Record<string, RouteCase>> = {
  getTask: reads(id('task-ready')),
  listTasks: reads(),
  createTask: {
    good: { body: { ...title, session_id: 'running' } },
    wrongState: { body: { ...title, session_id: 'completed' } },
  },
  getTaskStats: reads(),
  getTaskStatus: reads(id('task-ready')),
  setTaskStatus: {
    good: id('task-in_progress', { state: 'paused', ...why }),
    wrongState: id('task-completed', { state: 'paused', ...why }),
  },
  startTask: { good: id('task-ready', why), wrongState: id('task-completed', why) },
  completeTask: { good: id('task-in_progress', { summary: 'Done.' }), wrongState: id('task-ready', {}) },
  failTask: { good: id('task-in_progress', why), wrongState: id('task-completed', why) },
  createSubtask: { good: id('task-ready', title), wrongState: id('task-over', title) },
  listSubtasks: reads(id('task-ready')),
  decomposeTask: {
    other: { template: 'security' },
    good: id('task-pending', { template: 'crud' }),
    wrongState: id('task-completed', { template: 'crud' }),
  },
  getTaskTree: reads(id('task-ready')),
  getTaskDependencies: reads(id('task-ready')),
  addTaskDependency: {
    good: id('task-pending', { task_id: 'task-ready' }),
    wrongState: id('task-completed', { task_id: 'task-ready' }),
  },
  removeTaskDependency: {
    good: { path: { id: 'task-pending', depends_on: 'task-in_progress' } },
    wrongState: { path: { id: 'task-over', depends_on: 'task-in_progress' } },
  },
  getArtifactContent: reads({ path: { id: 'task-made', artifact_id: 'patch-1' } }),
  deleteArtifact: { good: { path: { id: 'task-made', artifact_id: 'patch-1' } }, wrongState: NO_STATES },
  listBlueprints: reads(),
  createBlueprint: { good: {}, wrongState: NO_STATES },
  getBlueprint: reads({ path: { name: 'known' } }),
  retireBlueprint: { good: { path: { name: 'known' } }, wrongState: { path: { name: 'retired' } } },
  getBlueprintVersion: reads({ path: { name: 'known', version: '1' } }),
  createBlueprintVersion: { good: { path: { name: 'known' } }, wrongState: { path: { name: 'retired' } } },
};

const EAP_HEAD = { eap: '2.0', id: '01a28c5f-6b00-7000-8000-000000000006', ts: '2026-01-01T00:00:00.000Z' };

const AGENTS: Readonly<Record<string, RouteCase>> = {
  listAgents: reads(),
  listAgentsByCapability: {
    good: { path: { capability: 'code_generation' } },
    known: { capability: 'what nobody can do is an empty list' },
  },
  listAgentHeartbeats: reads(),
  getAgent: reads(id('agent-one')),
  getAgentStats: reads(),
  getAgentUsage: reads(),
  getAgentPerformance: reads(id('agent-one')),
  routeTask: { good: { body: { limit: 5 } } },
  rebalanceAgents: { good: {}, wrongState: NO_STATES },
  registerAgent: { good: {}, wrongState: NO_STATES },
  registerExternalAgent: { good: {}, wrongState: NO_STATES, other: { instance: 'i-2' } },
  heartbeatAgent: {
    good: id('agent-one', { instance: 'one-1', running: [] }),
    wrongState: id('agent-off', { instance: 'one-1', running: [] }),
    repeats: 'it is kept in memory only, and the later one counts',
  },
  sayAsExternalAgent: {
    good: id('agent-one', { ...EAP_HEAD, kind: 'drain', instance: 'one-1' }),
    wrongState: { none: 'answers of EAP have a code and a message: 409, but not what is allowed' },
    repeats: 'the id of the message itself is its key',
  },
  hearAsExternalAgent: {
    good: { path: { id: 'agent-one' }, query: { instance: 'one-1', wait_seconds: '0' } },
    wrongState: { path: { id: 'agent-off' }, query: { instance: 'one-1', wait_seconds: '0' } },
  },
  answerAsExternalAgent: {
    good: id('agent-one', { instance: 'one-1', id: 'assign-1', answer: { accepted: true } }),
    wrongState: id('agent-off', { instance: 'one-1', id: 'assign-1', answer: { accepted: true } }),
    repeats: 'the answer to what is no longer asked changes nothing',
  },
  heartbeatExternalAgent: {
    good: id('agent-one', { instance: 'one-1', ts: '2026-01-01T00:00:00.000Z', running: [] }),
    wrongState: id('agent-off', { instance: 'one-1', ts: '2026-01-01T00:00:00.000Z', running: [] }),
    repeats: 'it is kept in memory only, and the later one counts',
  },
  drainAgent: { good: id('agent-one', why), wrongState: id('agent-off', why) },
  setAgentMaintenance: {
    good: id('agent-one', { enabled: true }),
    wrongState: id('agent-off', { enabled: true }),
  },
  deregisterAgent: {
    good: id('agent-one', { force: false }),
    wrongState: { none: 'who has gone already is gone' },
  },
  reportAgentPerformance: { good: id('agent-one', { quality: 0.5 }), wrongState: NO_STATES },
};

const CONTEXTS: Readonly<Record<string, RouteCase>> = {
  createContext: {
    good: { body: { scope: 'global', name: 'New', data: {} } },
    wrongState: {
      body: { scope: 'temporary', task_id: 'task-completed', name: 'N', data: {} },
    },
  },
  listContexts: reads(),
  listGlobalContexts: reads(),
  listSessionContexts: { good: id('running'), known: ANY_PLACE },
  listAgentContexts: { good: id('agent-one'), known: ANY_PLACE },
  getContext: reads(({ ids }) => id(ids.context)),
  writeContext: {
    good: ({ ids }) => id(ids.context, { version: 1, set: { c: 1 } }),
    wrongState: { none: 'it has versions: another one is a conflict' },
  },
  deleteContext: { good: ({ ids }) => id(ids.context), wrongState: NO_STATES },
  getContextKey: reads(({ ids }) => ({ path: { id: ids.context, path: 'a.b' } })),
  putContextKey: {
    good: ({ ids }) => ({ path: { id: ids.context, path: 'a.c' }, body: { value: 1, version: 1 } }),
    wrongState: NO_STATES,
    known: { path: 'a new key is written' },
  },
  deleteContextKey: {
    good: ({ ids }) => ({ path: { id: ids.context, path: 'a.b' }, headers: { 'if-match': '"1"' } }),
    wrongState: NO_STATES,
  },
  mergeContexts: {
    good: ({ ids }) => ({ body: { target_id: ids.context, source_ids: [ids.noted], version: 1 } }),
    wrongState: NO_STATES,
  },
  promoteContext: {
    good: ({ ids }) => id(ids.noted, { version: 1 }),
    wrongState: ({ ids }) => id(ids.context, { version: 1 }),
  },
  shareContext: { good: ({ ids }) => id(ids.context, { session_id: 'running' }), wrongState: NO_STATES },
  cloneContext: { good: ({ ids }) => id(ids.context, { name: 'Another' }), wrongState: NO_STATES },
  diffContexts: reads(({ ids }) => ({ path: { id: ids.context, other: ids.noted } })),
  getContextHistory: reads(({ ids }) => id(ids.context)),
};

const promoted = (name: string, stage = 'production'): Ask => ({
  path: { name },
  body: { version: '1.0.0', stage, ...why },
});

const TUNING: Readonly<Record<string, RouteCase>> = {
  createDataset: {
    good: {},
    wrongState: { body: { name: 'building', consent: true, ...why } },
    other: { description: 'Another.' },
  },
  listDatasets: reads(),
  getDataset: reads({ path: { name: 'ready' } }),
  listDatasetVersions: reads({ path: { name: 'ready' } }),
  getDatasetVersion: reads({ path: { name: 'ready', number: '1' } }),
  cancelDatasetVersion: {
    good: { path: { name: 'building', number: '1' }, body: why },
    wrongState: { path: { name: 'ready', number: '1' }, body: why },
  },
  createTrainingJob: { good: {}, wrongState: NO_STATES },
  listTrainingJobs: reads(),
  getTrainingJob: reads(id('training-completed')),
  cancelTrainingJob: { good: id('training-running', why), wrongState: id('training-completed', why) },
  retryTrainingJob: { good: id('training-failed', why), wrongState: id('training-running', why) },
  listModels: reads(),
  getModel: reads({ path: { name: 'fixer' } }),
  listModelVersions: reads({ path: { name: 'fixer' } }),
  getModelVersion: {
    good: { path: { name: 'fixer', version: '1.0.0' } },
    known: { version: 'what is no number of a version is a wrong field' },
  },
  createModelVersion: {
    good: { path: { name: 'fixer' } },
    wrongState: NO_STATES,
    known: { name: 'the first version makes the model' },
    other: { description: 'Another.' },
  },
  promoteModel: { good: promoted('fixer', 'archived'), wrongState: promoted('fixer', 'candidate') },
  rollBackModel: {
    good: { path: { name: 'replaced' }, body: why },
    wrongState: { path: { name: 'fixer' }, body: why },
  },
};

const OPERATIONS: Readonly<Record<string, RouteCase>> = {
  getHealth: reads(),
  getReady: reads(),
  getMetrics: reads(),
  listLocks: reads(),
  getLock: reads({ path: { name: 'held' } }),
  getLockRequest: reads({ path: { name: 'held', request_id: 'r-1' }, query: { holder: 'ci' } }),
  acquireLock: {
    good: lock('free', { holder: 'ci', request_id: 'r-2', ttl_ms: 60_000 }),
    wrongState: { none: 'who must wait is told so with 202' },
    known: { name: 'a lock begins with who asks for it' },
  },
  renewLock: {
    good: lock('held', { token: 2, holder: 'ci' }),
    wrongState: lock('held', { token: 1, holder: 'ci' }),
    known: { name: 'who does not hold it has lost it, whatever it is: 409' },
  },
  releaseLock: {
    good: lock('held', { token: 2, holder: 'ci' }),
    wrongState: lock('held', { token: 1, holder: 'ci' }),
    known: { name: 'who does not hold it has lost it, whatever it is: 409' },
  },
  breakLock: { good: lock('held', { token: 2, ...why }), wrongState: lock('held', { token: 1, ...why }) },
  listApprovals: reads(),
  getApproval: reads(id('approval-pending')),
  decideApproval: {
    good: id('approval-pending', { option: 'once', ...why }),
    wrongState: id('approval-approved', { option: 'once', ...why }),
  },
  getApprovalPolicy: reads(),
  setApprovalPolicy: {
    good: {},
    wrongState: NO_STATES,
    other: { expires_seconds: 60 },
  },
  getMe: reads(),
  login: { good: {}, wrongState: NO_STATES, repeats: 'each login is another one' },
  logout: { good: {}, wrongState: NO_STATES, repeats: 'who is out already is out' },
  listKeys: reads(),
  getKey: reads(id('keylive00001')),
  createKey: { good: {}, wrongState: NO_STATES, repeats: 'its text is shown once: `routes/keys.test.ts`' },
  rotateKey: {
    good: id('keylive00001', why),
    wrongState: id('keyrevoked01', why),
    repeats: 'its text is shown once: `routes/keys.test.ts`',
  },
  revokeKey: { good: id('keylive00001', why), wrongState: { none: 'a key that is revoked is revoked' } },
  listAudit: reads(),
  getAuditEntry: reads(({ ids }) => id(ids.audit)),
  listDeadLetters: reads(),
  listDeadLetterGroups: reads(),
  getDeadLetter: reads(({ ids }) => id(ids.letter)),
  editDeadLetter: {
    good: (world) => letter(world, { message: { type: 'start' }, ...why }),
    wrongState: (world) => dropped(world, { message: { type: 'start' }, ...why }),
  },
  bulkDeadLetters: {
    good: { body: { act: 'drop', filter: {}, ...why } },
    wrongState: { none: 'what is refused for one is told of that one' },
  },
  replayDeadLetter: { good: (world) => letter(world), wrongState: (world) => dropped(world) },
  dropDeadLetter: { good: (world) => letter(world), wrongState: (world) => dropped(world) },
  getQuota: reads(),
  setQuota: { good: {}, wrongState: NO_STATES },
  getQueue: reads(),
  getCapacity: reads(),
  setCapacity: { good: {}, wrongState: NO_STATES },
  getCluster: reads(),
  listHandOvers: reads(),
  getActor: reads(actor('running')),
  getActorHistory: reads(actor('running')),
  getActorAt: reads({ ...actor('running'), query: { version: '1' } }),
  forkActor: {
    good: ({ ids }) => ({ path: { type: 'context', id: ids.context }, body: { version: 1 } }),
    wrongState: NO_STATES,
  },
  listSuspendedActors: reads(),
  getActorSupervision: reads(actor('running')),
  suspendActor: { good: actor('running', why), wrongState: actor('timeout', why) },
  resumeActor: { good: actor('timeout', why), wrongState: actor('running', why) },
};

const STREAMS: Readonly<Record<string, RouteCase>> = {
  streamEvents: reads(),
  streamSessionEvents: reads(),
  streamOneSession: { good: id('running'), known: ANY_ID },
  streamAgentEvents: reads(),
  streamOneAgent: { good: id('agent-one'), known: ANY_ID },
  streamOneTask: { good: id('task-ready'), known: ANY_ID },
  streamSystemEvents: reads(),
  streamTraffic: reads(),
  getTraffic: reads(),
  listMessages: reads(),
  getMessageAt: {
    good: { path: { lane: 'data', seq: '1' } },
    known: { lane: 'there are two lanes: another one is a wrong field' },
  },
  getMessage: reads({ path: { id: 'c.sample' } }),
};

export const ROUTE_CASES: ReadonlyMap<string, RouteCase> = new Map(
  Object.entries({ ...SESSIONS, ...TASKS, ...AGENTS, ...CONTEXTS, ...TUNING, ...OPERATIONS, ...STREAMS }),
);

/** What has no case, and why. */
export const WITHOUT_CASE: ReadonlyMap<string, string> = new Map(
  ['watchEvents', 'watchSessionEvents', 'watchOneSession', 'watchAgentEvents', 'watchOneAgent']
    .concat(['watchOneTask', 'watchSystemEvents', 'watchTraffic'])
    .map((one) => [one, 'a WebSocket has no answer of its own: `live-paths.test.ts` opens it']),
);
