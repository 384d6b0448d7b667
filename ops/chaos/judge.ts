/** Puts what the callers were told beside what the stores hold, checker by checker. Pure. */
import { LockAnswer } from '#protocols/lock.ts';
import { checkAlarm } from './checkers/alarms.ts';
import { checkChain } from './checkers/chain.ts';
import { checkLedger, type Entry } from './checkers/ledger.ts';
import { checkLocks, type Grant, type RefusedWrite } from './checkers/locks.ts';
import { checkMoneyAtRest } from './checkers/money.ts';
import type { Violation } from './checkers/violation.ts';
import type { Act, Operation } from './history.ts';
import type { ChainLink, RegisterWrite, VersionFall } from './register.ts';
import type { Truth } from './truth.ts';

export interface Evidence {
  readonly operations: readonly Operation[];
  readonly truth: Truth;
  readonly writes: readonly RegisterWrite[];
  readonly chain: readonly ChainLink[];
  readonly versionFalls: readonly VersionFall[];
  /** Of the asking process: what turns a wall clock's time into one of its monotonic clock. */
  readonly timeOriginMs: number;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly timerLatenessMs: readonly number[];
  readonly applied: number;
  readonly grants: number;
  /** Epochs that were begun: partitions taken, released and taken again. */
  readonly takeOvers: number;
  /** Logs that were read anew from their start. */
  readonly generations: number;
}

const LISTED: ReadonlySet<Act> = new Set(['append', 'probe']);
const BANKED: ReadonlySet<Act> = new Set(['deposit', 'transfer']);
const TIMED: ReadonlySet<Act> = new Set(['arm', 'disarm']);

export function judge(evidence: Evidence): Verdict {
  const { truth, operations, chain, versionFalls } = evidence;
  const alarms = [...truth.alarms].map(([name, entries]) => checkAlarm(name, entries));
  const { violations: lockViolations, grants } = judgeLocks(evidence);
  const ledgers = [
    ...judgeLedgers(operations, LISTED, truth.lists),
    ...judgeLedgers(
      operations,
      BANKED,
      mapValues(truth.accounts, ({ ops }) => ops),
    ),
    ...judgeLedgers(
      operations,
      TIMED,
      mapValues(truth.alarms, (entries) => entries.filter(({ type }) => type !== 'ring').map(({ op }) => op)),
    ),
  ];
  const falls = versionFalls.map(({ name, before, after }): Violation => {
    return { kind: 'chain', text: `the version of ${name} fell from ${before} to ${after}` };
  });
  return {
    violations: [
      ...ledgers,
      ...checkMoneyAtRest(truth.accounts, depositsOf(operations)),
      ...alarms.flatMap(({ violations }) => violations),
      ...lockViolations,
      ...checkChain(chain),
      ...falls,
      ...judgeGenerations(chain),
      ...judgeEvents(truth),
      ...judgeReads(operations),
      ...truth.deadLetters.map(({ address, reason, error }): Violation => {
        return { kind: 'dead-letter', text: `${address}: ${reason} ${error}` };
      }),
    ],
    timerLatenessMs: alarms.flatMap(({ latenessMs }) => latenessMs),
    applied: appliedIn(truth).length,
    grants,
    takeOvers: countRises(chain, ({ epoch }) => epoch),
    generations: countRises(chain, ({ generation }) => generation),
  };
}

function judgeLedgers(
  operations: readonly Operation[],
  acts: ReadonlySet<Act>,
  ledgers: ReadonlyMap<string, readonly string[]>,
): Violation[] {
  const asked = Map.groupBy(
    operations.filter(({ act }) => acts.has(act)),
    ({ target }) => target,
  );
  const names = new Set([...asked.keys(), ...ledgers.keys()]);
  return [...names].flatMap((name) =>
    checkLedger(name, (asked.get(name) ?? []).map(toEntry), ledgers.get(name) ?? []),
  );
}

function toEntry({ op, invokedMs, endedMs, outcome, answer }: Operation): Entry {
  return { op, invokedMs, endedMs, outcome, place: typeof answer === 'number' ? answer : null };
}

function depositsOf(operations: readonly Operation[]): Map<string, number> {
  const deposits = operations.filter(({ act }) => act === 'deposit');
  return new Map(deposits.map(({ op, asked }) => [op, Number(asked.amount)]));
}

function appliedIn({ lists, accounts, alarms }: Truth): string[] {
  return [
    ...[...lists.values()].flat(),
    ...[...accounts.values()].flatMap(({ ops }) => ops),
    ...[...alarms.values()].flat().flatMap(({ type, op }) => (type === 'ring' ? [] : [op])),
  ];
}

/** No fault here takes an acknowledged message from a majority of disks: a log that is read anew was taken for another. */
function judgeGenerations(chain: readonly ChainLink[]): Violation[] {
  return chain.flatMap(({ partition, generation }, index) => {
    const before = chain[index - 1];
    if (before?.partition !== partition || before.generation === generation) return [];
    return [{ kind: 'chain', text: `partition ${partition} read its log anew, although it was whole` }];
  });
}

/** Nobody is answered before the commit: who was answered finds what it wrote. */
function judgeReads(operations: readonly Operation[]): Violation[] {
  const stale = operations.filter(
    ({ act, outcome, answer }) => act === 'read' && outcome === 'ok' && !answer,
  );
  return stale.map(({ target, asked }) => {
    return { kind: 'stale', text: `${asked.wrote} was answered, and a read of ${target} did not find it` };
  });
}

/** Each turn that was committed is told of. */
function judgeEvents(truth: Truth): Violation[] {
  return appliedIn(truth)
    .filter((op) => !truth.told.has(op))
    .map((op) => ({ kind: 'event', text: `no event tells of ${op}, which was applied` }));
}

function judgeLocks(evidence: Evidence): { violations: Violation[]; grants: number } {
  const { operations, writes, timeOriginMs } = evidence;
  const grants = grantsOf(operations, timeOriginMs);
  const refused = operations.flatMap((one): RefusedWrite[] => {
    if (one.act !== 'write' || one.outcome !== 'ok' || one.answer !== false) return [];
    const { owner, token } = one.asked;
    return [
      { name: one.target, owner: String(owner), token: Number(token), atMs: one.endedMs ?? one.invokedMs },
    ];
  });
  return { violations: checkLocks({ writes, grants, refused }), grants: grants.length };
}

function grantsOf(operations: readonly Operation[], timeOriginMs: number): Grant[] {
  const byOwner = Map.groupBy(
    operations.filter(({ act }) => act === 'acquire' || act === 'release'),
    ({ asked }) => String(asked.owner),
  );
  return [...byOwner.values()].flatMap((acts) => {
    const acquires = acts.filter(({ act }) => act === 'acquire');
    const known = acquires.find(({ outcome }) => outcome === 'ok');
    const [first] = acquires;
    for (const { answer, endedMs } of acquires) {
      const parsed = LockAnswer.safeParse(answer);
      if (parsed.data?.state !== 'granted' || !first || !known) continue;
      const { name, owner, token, expires_at } = parsed.data;
      return {
        name,
        owner,
        token,
        askedMs: first.invokedMs,
        knownMs: known.endedMs ?? Number.POSITIVE_INFINITY,
        grantedMs: endedMs ?? Number.POSITIVE_INFINITY,
        releasedMs: acts.find(({ act }) => act === 'release')?.invokedMs ?? null,
        leaseEndsMs: Date.parse(expires_at) - timeOriginMs,
      };
    }
    return [];
  });
}

/** How often a number of the chains rose. */
function countRises(chain: readonly ChainLink[], numberOf: (link: ChainLink) => number): number {
  return chain.filter((link, index) => {
    const before = chain[index - 1];
    return before?.partition === link.partition && numberOf(link) > numberOf(before);
  }).length;
}

function mapValues<From, To>(map: ReadonlyMap<string, From>, turn: (value: From) => To): Map<string, To> {
  return new Map([...map].map(([key, value]) => [key, turn(value)]));
}
