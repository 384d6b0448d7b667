/** Checks of the gateway: whether it answers, is ready, has the time, and has agents. */
import { type ApiClient, type Fetch, Refused } from '#protocols/client/client.ts';
import { assertClock } from '#runtime/clock-difference.ts';
import { reasonOf } from '../../dev/start-failure.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const START = 'start one with `oio dev`, or say where it is with --url or OIO_URL';
const CLOCK_MEND = 'set both machines by one time server (NTP)';

export interface Gateway {
  readonly isThere: boolean;
  readonly findings: readonly Finding[];
}

export async function checkGateway(api: ApiClient, url: string): Promise<Gateway> {
  try {
    await api.getHealth();
  } catch (thrown) {
    const why = thrown instanceof Refused && !thrown.problem ? 'something else answers' : reasonOf(thrown);
    return { isThere: false, findings: [fail('gateway', `none answers at ${url}: ${why}`, START)] };
  }
  const findings = await Promise.all([checkReady(api, url), checkAgents(api)]);
  return { isThere: true, findings };
}

async function checkReady(api: ApiClient, url: string): Promise<Finding> {
  try {
    const { owned, partitions, nodes } = await api.getReady();
    return ok('gateway', `${url} is ready: ${owned} of ${partitions} partitions on ${nodes.length} nodes`);
  } catch (thrown) {
    const mend = 'start a node with `oio node`, and look at what NATS and Postgres say below';
    return fail('gateway', `${url} answers and is not ready: ${reasonOf(thrown)}`, mend);
  }
}

async function checkAgents(api: ApiClient): Promise<Finding> {
  try {
    const { items } = await api.listAgents({ page_size: 100 });
    const present = items.filter(({ status }) => status !== 'offline');
    if (present.length > 0) return ok('agents', `${present.length} present`);
    return warn('agents', 'none is present: tasks wait', 'start one with `oio agent`');
  } catch (thrown) {
    const isDenied = thrown instanceof Refused && (thrown.status === 401 || thrown.status === 403);
    const mend = isDenied ? 'log in with `oio login`, or set OIO_KEY' : 'mend the gateway first';
    return warn('agents', `they cannot be listed: ${reasonOf(thrown)}`, mend);
  }
}

/** The gateway's clock by the Date of its answer, which has whole seconds. */
export async function checkClock(fetch: Fetch, url: string, nowMs: () => number): Promise<Finding> {
  const askedAtMs = nowMs();
  try {
    const init = { method: 'GET', headers: {}, body: null, signal: AbortSignal.timeout(5_000) };
    const answer = await fetch(`${url}/health`, init);
    const date = 'headers' in answer && answer.headers instanceof Headers ? answer.headers.get('date') : null;
    if (date === null) return warn('clock', 'the gateway does not tell the time', CLOCK_MEND);
    const theirsMs = Date.parse(date) + (askedAtMs % 1_000);
    assertClock({ name: 'the gateway', theirsMs, askedAtMs, answeredAtMs: nowMs() });
    return ok('clock', 'the same as the gateway’s');
  } catch (thrown) {
    return fail('clock', reasonOf(thrown), CLOCK_MEND);
  }
}
