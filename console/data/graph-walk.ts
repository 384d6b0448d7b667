/** From task to task of a graph by the arrow keys: along edges to the sides, along the column up and down. Pure. */
import type { Layout } from './graph-layout.ts';

export type Arrow = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

export function isArrow(key: string): key is Arrow {
  return key === 'ArrowLeft' || key === 'ArrowRight' || key === 'ArrowUp' || key === 'ArrowDown';
}

/** The place that the arrow leads to; the same one where there is none. Without a place: the first of the plan. */
export function walk(layout: Layout, place: number | null, arrow: Arrow): number | null {
  if (layout.graph.ids.length === 0) return null;
  if (place === null) return layout.columns[0]?.[0] ?? 0;
  switch (arrow) {
    case 'ArrowLeft':
      return nearest(layout, place, layout.graph.before[place]) ?? place;
    case 'ArrowRight':
      return nearest(layout, place, layout.after[place]) ?? place;
    case 'ArrowUp':
      return beside(layout, place, -1);
    case 'ArrowDown':
      return beside(layout, place, 1);
  }
}

/** Straight on where that is possible: the neighbour whose row is nearest, then whose column is. */
function nearest({ row, column }: Layout, place: number, candidates: readonly number[] = []): number | null {
  let best: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const one of candidates) {
    const rows = Math.abs((row[one] ?? 0) - (row[place] ?? 0));
    const far = rows + Math.abs((column[one] ?? 0) - (column[place] ?? 0)) / 100;
    if (far >= least) continue;
    best = one;
    least = far;
  }
  return best;
}

function beside({ columns, column }: Layout, place: number, by: 1 | -1): number {
  const places = columns[column[place] ?? 0] ?? [];
  return places[places.indexOf(place) + by] ?? place;
}
