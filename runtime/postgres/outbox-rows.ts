/**
 * The rows of the outbox table: each holds many effects of one partition, or events of several, of one commit.
 * Which of them wait is known here, so that nothing has to be looked for among rows by what they contain.
 *
 * R1. A row is done with when everything in it was settled: effects when their target's counter reached them, events
 *     when it is said that the stream has them.
 * R2. The rows of a partition that others wrote are learned when it was acquired, before anything of it is sent again.
 *     Whoever learned a row of events sends all of them, also those of partitions that others have by now.
 * R3. Within one way, from a partition to a target by a lane, entries stand in the order of their numbers.
 */
import { randomUUID } from 'node:crypto';
import type { Batch, OutboxHead, OutboxRow, OutLane, UnsentLimits } from '../store.ts';

/** What still fits a page, with its head and the other columns: a larger row would be cut up and compressed. */
const ROW_BYTES_MAX = 6_500;

export interface EventKey {
  readonly partition: number;
  readonly n: number;
}

/** An effect or event and the row that it is written in. */
export interface Placed {
  readonly rowId: string;
  readonly row: OutboxRow;
}

/** What is known of a stored one without reading its body. */
export interface Learned extends OutboxHead {
  readonly rowId: string;
  readonly bytes: number;
}

interface Entry {
  readonly rowId: string;
  readonly sinceMs: number;
  readonly bytes: number;
}

interface Way {
  readonly partition: number;
  readonly target: number;
  readonly lane: OutLane;
  entries: Map<number, Entry>;
}

/** Gives everything that a commit has to send its row. */
export function placeRows(batches: readonly Batch[]): Placed[] {
  const events = batches.flatMap(({ outbox }) => outbox.filter(isEvent));
  const effects = batches.map(({ outbox }) => outbox.filter((row) => !isEvent(row)));
  return [events, ...effects].flatMap(place);
}

function place(rows: readonly OutboxRow[]): Placed[] {
  let rowId = randomUUID();
  let bytes = 0;
  return rows.map((row) => {
    const size = row.body.length + row.subject.length + row.id.length;
    if (bytes > 0 && bytes + size > ROW_BYTES_MAX) [rowId, bytes] = [randomUUID(), 0];
    bytes += size;
    return { rowId, row };
  });
}

export function isEvent({ lane }: { readonly lane: OutLane }): boolean {
  return lane === 'event';
}

export class OutboxRows {
  readonly #ways = new Map<string, Way>();
  /** Of each row how many of its entries are not settled. */
  readonly #left = new Map<string, number>();
  readonly #done = new Set<string>();

  /** These were committed just now. */
  add(placed: readonly Placed[], nowMs: number): void {
    for (const { rowId, row } of placed) {
      this.#enter(row, { rowId, sinceMs: nowMs, bytes: row.body.length });
    }
  }

  /** These stood in the table, `sinceMs` at the latest. */
  learn(learned: readonly Learned[], sinceMs: number): void {
    const known = new Set(this.#left.keys());
    for (const { rowId, bytes, ...head } of learned) {
      if (!known.has(rowId) && !this.#done.has(rowId)) this.#enter(head, { rowId, sinceMs, bytes });
    }
    for (const way of this.#ways.values()) way.entries = new Map([...way.entries].sort(([a], [b]) => a - b));
  }

  /** Effects of other partitions than these are their owners' to send; returns whose were forgotten. */
  forgetOthers(partitions: ReadonlySet<number>): Set<number> {
    const forgotten = new Set<number>();
    for (const [key, way] of this.#ways) {
      if (isEvent(way) || partitions.has(way.partition)) continue;
      for (const { rowId } of way.entries.values()) this.#left.delete(rowId);
      this.#ways.delete(key);
      forgotten.add(way.partition);
    }
    return forgotten;
  }

  /** Ways of effects that have something to settle. */
  unsettled(): Pick<Way, 'partition' | 'target' | 'lane'>[] {
    return [...this.#ways.values()].filter((way) => !isEvent(way) && way.entries.size > 0);
  }

  /** The target has applied the effects of this way up to `n`. */
  reach(way: Pick<Way, 'partition' | 'target' | 'lane'>, n: number): void {
    const entries = this.#ways.get(keyOf(way))?.entries ?? new Map<number, Entry>();
    for (const [number, { rowId }] of entries) {
      if (number > n) return;
      entries.delete(number);
      this.#settleOne(rowId);
    }
  }

  /** The stream has these. */
  settleEvents(target: number, events: readonly EventKey[]): void {
    for (const { partition, n } of events) {
      const entries = this.#ways.get(keyOf({ partition, target, lane: 'event' }))?.entries;
      const entry = entries?.get(n);
      if (!entry) continue;
      entries?.delete(n);
      this.#settleOne(entry.rowId);
    }
  }

  /** Rows that are done with, until it is said that they were deleted. */
  get done(): readonly string[] {
    return [...this.#done];
  }

  deleted(rowIds: readonly string[]): void {
    for (const rowId of rowIds) this.#done.delete(rowId);
  }

  /** The first entry of each way that has one of before `beforeMs`. */
  heads(partitions: ReadonlySet<number>, beforeMs: number): OutboxHead[] {
    const heads: OutboxHead[] = [];
    for (const { entries, ...way } of this.#ways.values()) {
      const [first] = entries;
      if (!first || first[1].sinceMs >= beforeMs) continue;
      if (isEvent(way) || partitions.has(way.partition)) heads.push({ ...way, n: first[0] });
    }
    return heads.sort(compareHeads);
  }

  /** What `unsent` of the port asks for, in the order of the heads. */
  choose(heads: readonly OutboxHead[], { perLane, bytesMax }: UnsentLimits): Learned[] {
    const windows = heads.map((head) => this.#window(head, perLane));
    let bytes = 0;
    const chosen = new Set<Learned>();
    for (let turn = 0; turn < perLane && bytes < bytesMax; turn++) {
      for (const one of windows.flatMap((window) => window[turn] ?? [])) {
        if (bytes < bytesMax) chosen.add(one);
        bytes += one.bytes;
      }
    }
    return windows.flat().filter((one) => chosen.has(one));
  }

  /** There is no such row any more. */
  drop({ rowId, n, ...way }: Learned): void {
    this.#ways.get(keyOf(way))?.entries.delete(n);
    this.#left.delete(rowId);
  }

  #window(head: OutboxHead, perLane: number): Learned[] {
    const { partition, target, lane } = head;
    const window: Learned[] = [];
    for (const [n, { rowId, bytes }] of this.#ways.get(keyOf(head))?.entries ?? []) {
      if (window.length === perLane) break;
      if (n >= head.n) window.push({ partition, target, lane, n, rowId, bytes });
    }
    return window;
  }

  #enter({ partition, target, lane, n }: OutboxHead, entry: Entry): void {
    const key = keyOf({ partition, target, lane });
    let way = this.#ways.get(key);
    if (!way) {
      way = { partition, target, lane, entries: new Map() };
      this.#ways.set(key, way);
    }
    // The table may have shown a row before the commit that wrote it was answered: it counts once.
    if (way.entries.get(n)?.rowId === entry.rowId) return;
    way.entries.set(n, entry);
    this.#left.set(entry.rowId, (this.#left.get(entry.rowId) ?? 0) + 1);
  }

  #settleOne(rowId: string): void {
    const left = (this.#left.get(rowId) ?? 0) - 1;
    if (left > 0) {
      this.#left.set(rowId, left);
      return;
    }
    this.#left.delete(rowId);
    this.#done.add(rowId);
  }
}

function keyOf({ partition, target, lane }: Pick<Way, 'partition' | 'target' | 'lane'>): string {
  return `${partition}/${target}/${lane}`;
}

function compareHeads(a: OutboxHead, b: OutboxHead): number {
  const byLane = a.lane < b.lane ? -1 : Number(a.lane > b.lane);
  return a.partition - b.partition || a.target - b.target || byLane;
}
