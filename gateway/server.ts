/**
 * The gateway's server, put together and not started: HTTP routes, live feed, reference, console.
 *
 * S1. Every answer has an X-Request-ID: the caller's, or a new one.
 * S2. Every error is a problem document.
 * S3. Closing lets answers under way be finished and sends viewers away with 1001.
 */
import websocket from '@fastify/websocket';
import Fastify, { type FastifyBaseLogger, type FastifyRequest, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { LIMITS } from '#protocols/limits.ts';
import type { Client } from '#runtime/client.ts';
import type { Logger } from '#runtime/logger.ts';
import { guardRoutes } from './authenticate.ts';
import type { ServerConfig } from './config.ts';
import { addConsoleFiles } from './console-files.ts';
import { API_PREFIX, type App, type GatewayContext, newUuid, pathOf } from './context.ts';
import { handleErrors, Refused, refuseUnknown, sendProblem, toFailure } from './failures.ts';
import { Lanes } from './lanes.ts';
import { LIVE_FEED_LIMITS, LiveFeed, type LiveFeedLimits } from './live-feed.ts';
import { buildMetrics, type Metrics } from './metrics.ts';
import { addDocument, addOpenApi } from './openapi.ts';
import { limitRequests } from './rate-limit.ts';
import { addReference } from './reference.ts';
import { collectRoutes } from './route-table.ts';
import { actorHistoryRoutes } from './routes/actor-history.ts';
import { actorSupervisionRoutes } from './routes/actor-supervision.ts';
import { agentRoutes } from './routes/agents.ts';
import { approvalRoutes } from './routes/approvals.ts';
import { artifactRoutes } from './routes/artifacts.ts';
import { auditRoutes } from './routes/audit.ts';
import { blueprintRoutes } from './routes/blueprints.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { checkpointRoutes } from './routes/checkpoints.ts';
import { clusterRoutes } from './routes/cluster.ts';
import { contextRoutes } from './routes/contexts.ts';
import { datasetRoutes } from './routes/datasets.ts';
import { deadLetterActRoutes } from './routes/dead-letter-acts.ts';
import { deadLetterRoutes } from './routes/dead-letters.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes, metricsRoute } from './routes/health.ts';
import { keyRoutes } from './routes/keys.ts';
import { liveRoutes } from './routes/live.ts';
import { lockRoutes } from './routes/locks.ts';
import { loginRoutes } from './routes/login.ts';
import { mcpRoute } from './routes/mcp.ts';
import { messageRoutes } from './routes/messages.ts';
import { modelRoutes } from './routes/models.ts';
import { quotaRoutes } from './routes/quota.ts';
import { sessionActRoutes } from './routes/session-acts.ts';
import { sessionTreeRoutes } from './routes/session-tree.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { taskActRoutes } from './routes/task-acts.ts';
import { taskListRoutes } from './routes/task-lists.ts';
import { taskPlanRoutes } from './routes/task-plans.ts';
import { taskRoutes } from './routes/tasks.ts';
import { trainingJobRoutes } from './routes/training-jobs.ts';

export interface ServerOptions {
  readonly client: Client;
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly now?: () => number;
  /** A clock that never jumps: how old what is known of keys is measured by it. */
  readonly elapsedMs?: () => number;
  readonly feedLimits?: Partial<LiveFeedLimits>;
}

/** A dotted path has up to 512 characters, and each may be escaped; ids have a bound of their own. */
const PARAM_CHARS_MAX = 3 * 512;
const HANDLER_TIMEOUT_MS = 30_000;
const WS_MESSAGE_BYTES_MAX = 64 * 1024;
const REQUEST_ID = /^[\w.:-]{1,128}$/;
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** All that need nothing but the context. */
const ROUTES = [
  healthRoutes,
  sessionRoutes,
  sessionActRoutes,
  bulkRoutes,
  checkpointRoutes,
  sessionTreeRoutes,
  taskRoutes,
  taskListRoutes,
  taskActRoutes,
  taskPlanRoutes,
  blueprintRoutes,
  artifactRoutes,
  agentRoutes,
  approvalRoutes,
  contextRoutes,
  lockRoutes,
  auditRoutes,
  deadLetterRoutes,
  deadLetterActRoutes,
  datasetRoutes,
  trainingJobRoutes,
  modelRoutes,
  quotaRoutes,
  clusterRoutes,
  actorHistoryRoutes,
  actorSupervisionRoutes,
  eventRoutes,
] as const;

export function buildServer(options: ServerOptions): App {
  const { client, config, logger, now = Date.now, elapsedMs = () => performance.now() } = options;
  const metrics = buildMetrics();
  const limits = { ...LIVE_FEED_LIMITS, ...options.feedLimits };
  const parts = { client, tenant: config.tenant, metrics, logger, now, limits };
  const lanes = new Lanes(parts);
  const feed = new LiveFeed({ ...parts, lanes });
  const context: GatewayContext = {
    client,
    tenant: config.tenant,
    askTimeoutMs: config.askTimeoutMs,
    now,
    newId: () => newUuid(now()),
  };
  const app = buildApp(logger, now);
  const routes = collectRoutes(app);
  readBodies(app);
  handleErrors(app, ({ code, scope }) => metrics.requestFailed(code, scope));
  watchRequests(app, metrics);
  const guard = guardRoutes(app, { client, config, logger, now, elapsedMs });
  if (config.isRateLimited) limitRequests(app, context, logger);
  addFeed(app, feed, client);
  addOpenApi(app);
  // Once the plugins above are loaded, so that they see every route.
  app.after(() => {
    for (const addRoutes of ROUTES) addRoutes(app, context);
    metricsRoute(app, metrics);
    loginRoutes(app, context, guard);
    keyRoutes(app, context, guard);
    messageRoutes(app, context, lanes);
    liveRoutes(app, { feed, lanes, guard });
    mcpRoute(app, context, { logger, taskKey: config.taskKey });
    addDocument(app);
    addReference(app);
    const console = addConsoleFiles(app, config.consoleDir);
    app.setNotFoundHandler(
      (request, reply) =>
        console.showPage(request, reply) ??
        refuseUnknown(reply, request, routes.methodsOf(pathOf(request.url))),
    );
  });
  return app;
}

function buildApp(logger: Logger, now: () => number): App {
  const app = Fastify({
    // The logger's own type would become part of every route's.
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    bodyLimit: LIMITS.messageBytesMax,
    handlerTimeout: HANDLER_TIMEOUT_MS,
    routerOptions: { maxParamLength: PARAM_CHARS_MAX },
    requestIdHeader: false,
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : newUuid(now());
    },
    frameworkErrors: (error, _request, reply) => {
      const { failure, status } = toFailure(error);
      sendProblem(reply, failure, status);
    },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  return app;
}

/** JSON only. An empty body is none, whatever type it claims: many clients send the header by habit. */
function readBodies(app: App): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else void parse(request, body.toString(), done);
  });
}

function watchRequests(app: App, metrics: Metrics): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', String(request.id));
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
    if (request.url.startsWith(API_PREFIX)) reply.header('cache-control', 'no-store');
  });
  // After all of onRequest: a refused upgrade is closed by what the WebSocket plugin noted there.
  app.addHook('preParsing', async (request) => {
    if (isFromElsewhere(request)) {
      throw new Refused({ code: 'FORBIDDEN', detail: 'pages of other sites may not do this' });
    }
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    const { statusCode: status, elapsedTime: ms } = reply;
    metrics.requestEnded({ method: request.method, route, status, seconds: ms / 1_000 });
    const fields = { method: request.method, route, status, ms: Math.round(ms) };
    if (SAFE_METHODS.has(request.method)) request.log.debug(fields, 'request answered');
    else request.log.info(fields, 'request answered');
  });
  app.addHook('onReady', async () => metrics.start());
  app.addHook('onClose', async () => metrics.stop());
}

/** What keeps a foreign page from acting in a person's browser is its Origin, and that the cookie stays at home. */
function isFromElsewhere(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  const isAct = !SAFE_METHODS.has(request.method) || request.headers.upgrade !== undefined;
  if (!isAct || origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

function addFeed(app: App, feed: LiveFeed, client: Client): void {
  const stopTelling = client.watchCluster((changes) =>
    feed.tellCluster({ type: 'cluster', changes: [...changes] }),
  );
  app.addHook('onClose', async () => stopTelling());
  app.register(websocket, {
    options: { maxPayload: WS_MESSAGE_BYTES_MAX },
    preClose(done) {
      feed.stop().then(
        () => this.websocketServer.close(() => done()),
        (error: Error) => done(error),
      );
    },
  });
}
