/**
 * Which action each route is, by its operation: a gateway with a route that is not here does not start. Who may take an
 * action stands in `protocols/access.ts`.
 */
import type { RouteAction } from './caller.ts';

const OPERATIONS: Readonly<Record<string, string>> = {
  open: 'getHealth getReady login logout',
  'self.read': 'getMe',
  'metrics.read': 'getMetrics',
  'sessions.read': `listSessions getSession getSessionStats getSessionTree listSessionTasks getSessionGraph
    listSessionArtifacts listCheckpoints getCheckpoint listBulks getBulk`,
  'sessions.write': `createSession deleteSession startSession stopSession cancelSession pauseSession resumeSession
    completeSession failSession retrySession promptSession adoptSession reviewSession createCheckpoint restoreCheckpoint createBulk
    cancelBulk`,
  'tasks.read': `getTask listTasks getTaskStats getTaskStatus listSubtasks getTaskTree getTaskDependencies
    getArtifactContent`,
  'tasks.write': `createTask setTaskStatus startTask completeTask failTask createSubtask decomposeTask addTaskDependency
    removeTaskDependency deleteArtifact`,
  'blueprints.read': 'listBlueprints getBlueprint getBlueprintVersion',
  'blueprints.write': 'createBlueprint createBlueprintVersion retireBlueprint',
  'agents.read': `listAgents listAgentsByCapability listAgentHeartbeats getAgent getAgentStats getAgentUsage
    getAgentPerformance routeTask`,
  'agents.write': `rebalanceAgents drainAgent setAgentMaintenance deregisterAgent reportAgentPerformance`,
  'agents.speak': `registerAgent heartbeatAgent registerExternalAgent sayAsExternalAgent hearAsExternalAgent
    answerAsExternalAgent heartbeatExternalAgent`,
  'approvals.read': 'listApprovals getApproval getApprovalPolicy',
  'approvals.decide': 'decideApproval',
  'approvals.rules': 'setApprovalPolicy',
  'contexts.read': `listContexts listGlobalContexts listSessionContexts listAgentContexts getContext getContextKey
    diffContexts getContextHistory`,
  'contexts.write': `createContext writeContext deleteContext putContextKey deleteContextKey mergeContexts promoteContext
    shareContext cloneContext`,
  'locks.read': 'listLocks getLock getLockRequest',
  'locks.write': 'acquireLock renewLock releaseLock',
  'locks.break': 'breakLock',
  'events.read': `listSessionEvents watchEvents watchSessionEvents watchOneSession watchAgentEvents watchOneAgent
    watchOneTask watchSystemEvents streamEvents streamSessionEvents streamOneSession streamAgentEvents streamOneAgent
    streamOneTask streamSystemEvents`,
  'messages.read': 'getTraffic listMessages getMessage getMessageAt watchTraffic streamTraffic',
  'letters.read': 'listDeadLetters listDeadLetterGroups getDeadLetter',
  'letters.replay': 'replayDeadLetter bulkDeadLetters',
  'letters.change': 'editDeadLetter dropDeadLetter',
  'tuning.read': `listDatasets getDataset listDatasetVersions getDatasetVersion listTrainingJobs getTrainingJob`,
  'tuning.write': 'createDataset cancelDatasetVersion createTrainingJob cancelTrainingJob retryTrainingJob',
  'models.read': 'listModels getModel listModelVersions getModelVersion',
  'models.write': 'createModelVersion',
  'models.promote': 'promoteModel rollBackModel',
  'quota.read': 'getQuota getQueue',
  'quota.write': 'setQuota',
  'capacity.read': 'getCapacity',
  'capacity.write': 'setCapacity',
  'cluster.read': 'getCluster listHandOvers',
  'actors.read': 'getActor getActorHistory getActorAt getActorSupervision listSuspendedActors',
  'actors.fork': 'forkActor',
  'actors.hold': 'suspendActor resumeActor',
  'audit.read': 'listAudit getAuditEntry',
  'keys.read': 'listKeys getKey',
  'keys.write': 'createKey rotateKey revokeKey',
} satisfies Partial<Record<RouteAction, string>>;

/** By the id of the operation. */
export const ROUTE_ACTIONS: ReadonlyMap<string, RouteAction> = new Map(
  Object.entries(OPERATIONS).flatMap(([action, names]) =>
    // The keys are checked above.
    names.split(/\s+/).map((name): [string, RouteAction] => [name, action as RouteAction]),
  ),
);

/** What is no operation: tools, which ask the operations in their caller's name, and what holds nothing of a tenant. */
const OTHERS: ReadonlyMap<string, RouteAction> = new Map([
  ['/mcp', 'tools.call'],
  ['/openapi.json', 'open'],
  ['/favicon.ico', 'open'],
  ['/*', 'open'],
]);
const OPEN_FOLDER = '/docs';

/** Null: nobody said. */
export function actionOfRoute(route: {
  readonly url: string;
  readonly operationId: string | undefined;
}): RouteAction | null {
  const { url, operationId } = route;
  if (operationId !== undefined) return ROUTE_ACTIONS.get(operationId) ?? null;
  if (url === OPEN_FOLDER || url.startsWith(`${OPEN_FOLDER}/`)) return 'open';
  return OTHERS.get(url) ?? null;
}
