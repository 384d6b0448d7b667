/**
 * Where the tasks of a graph stand: columns by the longest way to them, rows by their neighbours. Pure and quick: 2,000
 * nodes take some ten milliseconds, so it needs no worker.
 *
 * G1. Whatever is waited for stands left of what waits for it.
 * G2. No two nodes of a column are nearer than one row.
 * G3. A graph that grows keeps its picture: a node whose column is the same stays where it was, new ones go to the free
 *     place next to their neighbours. Only where most of it is new is it laid out anew.
 */

export interface Graph {
  readonly ids: readonly string[];
  /** For each node the places of those that it waits for. */
  readonly before: readonly (readonly number[])[];
}

export interface Layout {
  readonly graph: Graph;
  /** For each node the places of those that wait for it. */
  readonly after: readonly (readonly number[])[];
  readonly column: Int32Array;
  /** In rows, not whole ones; the topmost is 0 after a layout anew. */
  readonly row: Float64Array;
  /** Places by column, from top to bottom. */
  readonly columns: readonly (readonly number[])[];
  /** The first and the last row in use. */
  readonly top: number;
  readonly bottom: number;
}

const SWEEPS = 4;
const RELAXATIONS = 6;
/** Shares of known nodes below this are a new picture. */
const KNOWN_SHARE_MIN = 0.5;

export function layOut(graph: Graph, known?: Layout): Layout {
  const after = turnAround(graph);
  const column = columnsOf(graph, after);
  const kept = known ? keepRows(graph, column, known) : null;
  const row = kept ? insertRows(graph, { after, column, kept }) : rowsAnew(graph, after, column);
  const columns = byColumn(column).map((places) => places.sort((a, b) => at(row, a) - at(row, b)));
  return {
    ...{ graph, after, column, row, columns },
    top: row.reduce((least, one) => Math.min(least, one), row[0] ?? 0),
    bottom: row.reduce((most, one) => Math.max(most, one), row[0] ?? 0),
  };
}

function turnAround({ ids, before }: Graph): number[][] {
  const after: number[][] = ids.map(() => []);
  for (const [place, list] of before.entries()) for (const from of list) after[from]?.push(place);
  return after;
}

/** The longest way to each node; what stands on a circle, which a plan has not, begins at the left. */
function columnsOf({ ids, before }: Graph, after: readonly (readonly number[])[]): Int32Array {
  const column = new Int32Array(ids.length);
  const open = before.map((list) => list.length);
  const waiting = [...open.keys()].filter((place) => open[place] === 0);
  for (let next = 0; next < waiting.length; next++) {
    const place = waiting[next] ?? 0;
    for (const to of after[place] ?? []) {
      column[to] = Math.max(at(column, to), at(column, place) + 1);
      open[to] = (open[to] ?? 0) - 1;
      if (open[to] === 0) waiting.push(to);
    }
  }
  return column;
}

function byColumn(column: Int32Array): number[][] {
  const columns: number[][] = Array.from(
    { length: column.length === 0 ? 0 : Math.max(...column) + 1 },
    () => [],
  );
  for (const [place, of] of column.entries()) columns[of]?.push(place);
  return columns;
}

/** Orders each column by the middle of the neighbours, to and fro; then lets rows slide to where edges are short. */
function rowsAnew(graph: Graph, after: readonly (readonly number[])[], column: Int32Array): Float64Array {
  const columns = byColumn(column);
  const row = new Float64Array(graph.ids.length);
  for (const places of columns) spread(row, places);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isForward = sweep % 2 === 0;
    const neighbours = isForward ? graph.before : after;
    for (const places of isForward ? columns : columns.toReversed()) {
      const middle = new Map(
        places.map((place) => [place, meanOf(row, neighbours[place]) ?? at(row, place)]),
      );
      places.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
      spread(row, places);
    }
  }
  for (let round = 0; round < RELAXATIONS; round++) {
    const neighbours = round % 2 === 0 ? graph.before : after;
    for (const places of round % 2 === 0 ? columns : columns.toReversed()) relax(row, places, neighbours);
  }
  const top = row.reduce((least, one) => Math.min(least, one), row[0] ?? 0);
  return row.map((one) => one - top);
}

/** One under the other, around the middle line. */
function spread(row: Float64Array, places: readonly number[]): void {
  for (const [order, place] of places.entries()) row[place] = order - (places.length - 1) / 2;
}

/**
 * Moves the nodes of a column, in their order, as near as they can all come to the middle of their neighbours with one row
 * between each two: the least squares under that condition, by pooling what would overlap.
 */
function relax(row: Float64Array, places: readonly number[], neighbours: Graph['before']): void {
  const pools: { sum: number; count: number }[] = [];
  for (const [order, place] of places.entries()) {
    let pool = { sum: (meanOf(row, neighbours[place]) ?? at(row, place)) - order, count: 1 };
    for (
      let last = pools.at(-1);
      last && last.sum / last.count > pool.sum / pool.count;
      last = pools.at(-1)
    ) {
      pools.pop();
      pool = { sum: last.sum + pool.sum, count: last.count + pool.count };
    }
    pools.push(pool);
  }
  let order = 0;
  for (const { sum, count } of pools) {
    for (let one = 0; one < count; one++, order++) {
      const place = places[order];
      if (place !== undefined) row[place] = sum / count + order;
    }
  }
}

/** The rows that stay: NaN where a node is new or changed its column. Null: too few stay. */
function keepRows({ ids }: Graph, column: Int32Array, known: Layout): Float64Array | null {
  const places = new Map(known.graph.ids.map((id, place) => [id, place]));
  let count = 0;
  const kept = new Float64Array(ids.length).fill(Number.NaN);
  for (const [place, id] of ids.entries()) {
    const before = places.get(id);
    if (before === undefined || known.column[before] !== column[place]) continue;
    kept[place] = at(known.row, before);
    count += 1;
  }
  return count >= ids.length * KNOWN_SHARE_MIN && count > 0 ? kept : null;
}

interface Insertion {
  readonly after: readonly (readonly number[])[];
  readonly column: Int32Array;
  readonly kept: Float64Array;
}

function insertRows(graph: Graph, { after, column, kept }: Insertion): Float64Array {
  const row = kept;
  for (const places of byColumn(column)) {
    const taken = places.filter((place) => !Number.isNaN(at(row, place))).map((place) => at(row, place));
    taken.sort((a, b) => a - b);
    for (const place of places) {
      if (!Number.isNaN(at(row, place))) continue;
      const wanted =
        meanOf(row, graph.before[place]) ?? meanOf(row, after[place]) ?? (taken.at(-1) ?? -1) + 1;
      row[place] = takeFree(taken, wanted);
    }
  }
  return row;
}

/** The free row that is nearest to the wanted one; it is entered among the taken, which are in order. */
function takeFree(taken: number[], wanted: number): number {
  let below = lowerBound(taken, wanted);
  let above = below - 1;
  // Up and down from the wanted row, to the first gap that has room.
  let down = wanted;
  while (below < taken.length && at(taken, below) - down < 1) down = at(taken, below++) + 1;
  let up = wanted;
  while (above >= 0 && up - at(taken, above) < 1) up = at(taken, above--) - 1;
  const isFreeDown = below === 0 || down - at(taken, below - 1) >= 1;
  const isFreeUp = above + 1 >= taken.length || at(taken, above + 1) - up >= 1;
  const row = isFreeDown && (!isFreeUp || down - wanted <= wanted - up) ? down : up;
  taken.splice(lowerBound(taken, row), 0, row);
  return row;
}

function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(sorted, middle) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of those that have a row yet. */
function meanOf(row: Float64Array, places: readonly number[] = []): number | null {
  let sum = 0;
  let count = 0;
  for (const place of places) {
    const one = at(row, place);
    if (Number.isNaN(one)) continue;
    sum += one;
    count += 1;
  }
  return count === 0 ? null : sum / count;
}

function at(list: ArrayLike<number>, place: number): number {
  return list[place] ?? 0;
}
