/**
 * The graph of who waits for whom, and whether one more wait would close it. Pure.
 *
 * D1. A waiter waits for the holder and for all who are before it in the queue: they get the lock first. So handing a
 *     lock on adds no edge, and a deadlock can only come about when somebody asks.
 * D2. An owner waits at most once for a name, and never for one that it holds: no end of a wait adds an edge either.
 */
import { type LockTable, type LockWait, lockQueue } from '#protocols/lock.ts';

/** `owner` waits for the lock `name`, which `for` holds or gets first. */
export interface WaitsFor {
  readonly owner: string;
  readonly name: string;
  readonly for: string;
}

/** The shortest circle of waits that `asked` would close, beginning with its owner; null: there is none. */
export function findCycle(table: LockTable, asked: LockWait): WaitsFor[] | null {
  const edges = edgesOf({ ...table, waits: [...table.waits, asked] });
  const cameBy = new Map<string, WaitsFor>();
  const open = [asked.owner];
  for (let owner = open.shift(); owner !== undefined; owner = open.shift()) {
    for (const edge of edges.get(owner) ?? []) {
      if (edge.for === asked.owner) return pathTo(edge, cameBy);
      if (cameBy.has(edge.for)) continue;
      cameBy.set(edge.for, edge);
      open.push(edge.for);
    }
  }
  return null;
}

function edgesOf({ holds, waits }: LockTable): Map<string, WaitsFor[]> {
  const edges = new Map<string, WaitsFor[]>();
  const holders = new Map(holds.map(({ name, owner }) => [name, owner]));
  for (const [name, asking] of Map.groupBy(waits, (wait) => wait.name)) {
    const holder = holders.get(name);
    const before = holder === undefined ? [] : [holder];
    for (const { owner } of lockQueue(asking, name)) {
      const own = edges.get(owner) ?? [];
      own.push(...before.map((other) => ({ owner, name, for: other })));
      edges.set(owner, own);
      before.push(owner);
    }
  }
  return edges;
}

function pathTo(last: WaitsFor, cameBy: ReadonlyMap<string, WaitsFor>): WaitsFor[] {
  const path = [last];
  for (let edge = cameBy.get(last.owner); edge; edge = cameBy.get(edge.owner)) path.unshift(edge);
  return path;
}
