/**
 * How many requests a minute a tenant may ask of this gateway: a bucket that is full at first and filled again evenly.
 *
 * R1. The quota is read beside the requests, every few seconds: none waits for it. Until it is known it is the default.
 * R2. What is refused takes nothing: who keeps asking is let in again as soon as who waited.
 */
import { type Failure, type QuotaReached, quotaExceeded } from '#protocols/failure.ts';
import { QUOTA_DEFAULT } from '#protocols/quota.ts';
import type { Logger } from '#runtime/logger.ts';
import { API_PREFIX, type App, type GatewayContext } from './context.ts';
import { Refused } from './failures.ts';
import { findScheduler } from './read-scheduler.ts';

const MINUTE_MS = 60_000;
const READ_EVERY_MS = 5_000;

export class RequestBucket {
  #limit: number;
  #left: number;
  #filledAtMs: number;

  constructor(limit: number, nowMs: number) {
    this.#limit = limit;
    this.#left = limit;
    this.#filledAtMs = nowMs;
  }

  /** Another quota: what was used of the old one stays used. */
  set limit(limit: number) {
    this.#left = Math.max(0, this.#left + limit - this.#limit);
    this.#limit = limit;
  }

  /** Takes one request; or says how much is used, and after how many seconds there is one. */
  take(nowMs: number): { readonly quota: QuotaReached; readonly afterSeconds: number } | null {
    const passedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#left = Math.min(this.#limit, this.#left + (passedMs * this.#limit) / MINUTE_MS);
    this.#filledAtMs = nowMs;
    if (this.#left >= 1) {
      this.#left -= 1;
      return null;
    }
    const afterSeconds = Math.ceil(((1 - this.#left) * MINUTE_MS) / this.#limit / 1_000);
    const frees = `${this.#limit} a minute are let in, evenly`;
    const quota = { name: 'requests_a_minute', limit: this.#limit, used: this.#limit, frees };
    return { quota, afterSeconds };
  }
}

/** Refuses what the API is asked past the quota: 429 `RATE_LIMITED`, with Retry-After. */
export function limitRequests(app: App, context: GatewayContext, logger: Logger): void {
  const bucket = new RequestBucket(QUOTA_DEFAULT.requests_a_minute, context.now());
  let readAtMs = Number.NEGATIVE_INFINITY;
  const readQuota = async () => {
    const scheduler = await findScheduler(context);
    bucket.limit = (scheduler?.quota ?? QUOTA_DEFAULT).requests_a_minute;
  };
  // Behind who asks: what a stranger sends takes nothing of the tenant's.
  app.addHook('preParsing', async (request) => {
    const paths = [request.routeOptions.url, request.url];
    if (request.caller === null || !paths.some((path) => path?.startsWith(API_PREFIX))) return;
    const nowMs = context.now();
    if (nowMs - readAtMs >= READ_EVERY_MS) {
      readAtMs = nowMs;
      readQuota().catch((error: unknown) => logger.warn({ err: error }, 'quota could not be read'));
    }
    const refused = bucket.take(nowMs);
    if (refused) throw new Refused(toFailure(refused.quota, refused.afterSeconds));
  });
}

function toFailure(quota: QuotaReached, afterSeconds: number): Failure {
  return { ...quotaExceeded(quota, afterSeconds), code: 'RATE_LIMITED' };
}
