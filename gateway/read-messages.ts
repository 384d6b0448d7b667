/**
 * Looks for messages, for what caused one and for what it caused, in the logs alone.
 *
 * M1. Nothing of another tenant is found.
 * M2. Each look is bounded, by time and by number; where that was not enough, it is said.
 * M3. What lets anybody answer, repeat or take back a command in its caller's name is not shown.
 */
import { type Address, parseAddress } from '#protocols/address.ts';
import { type Envelope, originOf } from '#protocols/envelope.ts';
import { LANES, type Lane } from '#protocols/subjects.ts';
import type { LiveEvent } from '#runtime/event-feed.ts';
import type { LoggedMessage, Messages } from '#runtime/messages.ts';

/** A cause was taken before what it caused: usually just before, or as long ago as its actor was behind. */
const BEFORE_MS = [2_000, 60_000, 3_600_000] as const;
/** What a message caused is looked for so long after it. */
const AFTER_MS = 30_000;
const CAUSED_MAX = 100;
const EVENTS_MAX = 500;
/** A hint of time may be a little late: events tell whole milliseconds. */
const SLACK_MS = 1_000;
/** Without any hint so much of the past is looked through. */
const WITHOUT_HINT_MS = 600_000;

export interface Search {
  readonly messages: Messages;
  readonly tenant: string;
}

export interface Caused {
  readonly messages: readonly LoggedMessage[];
  readonly events: readonly LiveEvent[];
  readonly isWhole: boolean;
}

export function isOf(tenant: string, { envelope }: LoggedMessage): boolean {
  return parseAddress(envelope.to).tenant === tenant;
}

/** By its id and what is known of where it is; null: not found, or not of the tenant. */
export async function findMessage(
  { messages, tenant }: Search,
  id: string,
  hint: { readonly to: Address | null; readonly atMs: number | null; readonly nowMs: number },
): Promise<LoggedMessage | null> {
  const place = parseEffectId(id);
  const near = hint.to ? [hint.to] : place ? [place.target] : null;
  const range =
    hint.atMs === null
      ? { near, from: { atMs: hint.nowMs - WITHOUT_HINT_MS } }
      : { near, from: { atMs: hint.atMs - SLACK_MS }, untilMs: hint.atMs + AFTER_MS };
  for (const lane of place ? [place.lane] : LANES) {
    const found = await messages.find(id, { lane, ...range });
    if (found) return isOf(tenant, found) ? found : null;
  }
  return null;
}

/** The message whose turn sent it. */
export async function findCause({ messages, tenant }: Search, message: LoggedMessage) {
  const { envelope, atMs } = message;
  const origin = senderAddress(envelope);
  if (envelope.cause === undefined || origin === null) return null;
  for (const beforeMs of BEFORE_MS) {
    for (const lane of LANES) {
      const range = { lane, near: [origin], from: { atMs: atMs - beforeMs }, untilMs: atMs };
      const found = await messages.find(envelope.cause, range);
      if (found) return isOf(tenant, found) ? found : null;
    }
  }
  return null;
}

/** What the turn of the message sent and recorded. */
export async function findCaused({ messages, tenant }: Search, message: LoggedMessage): Promise<Caused> {
  const { envelope, atMs, partition } = message;
  const range = { near: null, from: { atMs }, untilMs: atMs + AFTER_MS, limit: CAUSED_MAX };
  // What a turn sends has the number of the partition in which it was taken.
  const reads = LANES.map((lane) => messages.read({ ...range, lane, idPrefix: `e.${partition}.` }));
  const of = parseAddress(envelope.to);
  const [pages, events] = await Promise.all([
    Promise.all(reads),
    messages.events({ of, fromMs: atMs, limit: EVENTS_MAX }),
  ]);
  const sent = pages.flatMap((page) => page.messages).filter((one) => one.envelope.cause === envelope.id);
  return {
    messages: sent.filter((one) => isOf(tenant, one)).sort((a, b) => a.atMs - b.atMs),
    events: events.filter(({ record }) => record.cause === envelope.id),
    isWhole: pages.every(({ nextSeq }) => nextSeq === null) && events.length < EVENTS_MAX,
  };
}

/** What stands with a message beside its body: see M3. */
export function headersOf({ source, ask, answer, trace }: Envelope): Record<string, string> {
  const headers: Record<string, string> = { source: source.kind };
  const origin = source.kind === 'cancel' ? null : originOf(source);
  if (source.kind === 'replay') headers.replay_of = `${source.letter} (${source.n})`;
  if (origin?.kind === 'effect') headers.number = `${origin.partition}:${origin.n}`;
  if (origin?.kind === 'timer') headers.timer = `${origin.key} (${origin.generation})`;
  if (origin?.kind === 'command' && origin.withinMs !== undefined)
    headers.within_ms = String(origin.withinMs);
  if (origin?.kind === 'command' && origin.ifVersions) headers.if_versions = origin.ifVersions.join(', ');
  if (ask) headers.asked_by = ask.chain.join(' > ');
  if (answer) headers.answer_to = `${answer.key} (${answer.generation})`;
  if (trace !== undefined) headers.traceparent = trace;
  return headers;
}

/** The actor whose turn sent it; null: none did. */
function senderAddress({ source }: Envelope): Address | null {
  if (source.kind === 'cancel') return null;
  const origin = originOf(source);
  return origin.kind === 'effect' ? parseAddress(origin.from) : null;
}

/** An effect's id says where it went: `e.<from>.<target>.<lane>.<n>`. */
function parseEffectId(id: string): { readonly target: number; readonly lane: Lane } | null {
  const [, target, lane] = /^e\.\d+\.(\d{1,9})\.(data|control)\.\d+$/.exec(id) ?? [];
  if (target === undefined) return null;
  return { target: Number(target), lane: lane === 'control' ? 'control' : 'data' };
}
