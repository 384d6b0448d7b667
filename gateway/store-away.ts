/**
 * Errors that say only that NATS or Postgres cannot be had just now: the request is well, and may be repeated.
 *
 * Told by their codes and names, as their clients document them: gateways know the stores only through the runtime.
 */

/** Node's own, and those of the Postgres client: https://github.com/porsager/postgres#error-handling. */
const AWAY_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'],
  ...['CONNECT_TIMEOUT', 'CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED'],
]);

/** Classes of SQLSTATE: connection exceptions, too few resources, an operator's intervention (shutting down, starting). */
const AWAY_SQL_CLASSES = ['08', '53', '57P'];

const AWAY_NAMES = new Set([
  ...['TimeoutError', 'NoResponders', 'RequestError', 'ConnectionError'],
  ...['ClosedConnectionError', 'DrainingConnectionError', 'JetStreamNotEnabled'],
]);

/** Codes that JetStream answers with while a stream has no leader, or a server is too busy. */
const AWAY_STATUS: ReadonlySet<unknown> = new Set([408, 503]);

/** Whether an error, or what it was caused by, says that a store cannot be had. */
export function isStoreAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'string' && isAwayCode(code)) return true;
  if (AWAY_NAMES.has(error.name)) return true;
  if (error.name.startsWith('JetStream') && AWAY_STATUS.has(statusOf(error))) return true;
  return isStoreAway(error.cause);
}

/** Its HTTP-like status; an error of JetStream's API has it beside a code of its own. */
function statusOf(error: Error): unknown {
  if ('status' in error) return error.status;
  return 'code' in error ? error.code : undefined;
}

function isAwayCode(code: string): boolean {
  if (AWAY_CODES.has(code)) return true;
  return code.length === 5 && AWAY_SQL_CLASSES.some((sqlClass) => code.startsWith(sqlClass));
}
