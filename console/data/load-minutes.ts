/**
 * How busy each agent was in each of the last minutes, as this page saw it: its running tasks of its slots, averaged over
 * the readings of the minute. A minute that nobody looked at is not known. Pure.
 */
import type { AgentView } from '#protocols/http/agent.ts';

export const LOAD_MINUTES = 30;

interface Minute {
  sum: number;
  count: number;
}

type Busy = Pick<AgentView, 'id' | 'load'>;

export class LoadMinutes {
  readonly #agents = new Map<string, Map<number, Minute>>();

  /** Of agents that are there; the others are forgotten with their last known minute. */
  take(agents: readonly Busy[], nowSeconds: number): void {
    const minute = Math.floor(nowSeconds / 60);
    for (const { id, load } of agents) {
      const minutes = this.#agents.get(id) ?? new Map<number, Minute>();
      const share = load.capacity > 0 ? Math.min(1, load.running / load.capacity) : 0;
      const { sum, count } = minutes.get(minute) ?? { sum: 0, count: 0 };
      minutes.set(minute, { sum: sum + share, count: count + 1 });
      this.#agents.set(id, minutes);
    }
    for (const [id, minutes] of this.#agents) {
      for (const known of minutes.keys()) if (known <= minute - LOAD_MINUTES) minutes.delete(known);
      if (minutes.size === 0) this.#agents.delete(id);
    }
  }

  /** Shares from 0 to 1, the newest last; null where nothing was read. */
  of(id: string, nowSeconds: number): (number | null)[] {
    const minutes = this.#agents.get(id);
    const newest = Math.floor(nowSeconds / 60);
    return Array.from({ length: LOAD_MINUTES }, (_, at) => {
      const minute = minutes?.get(newest - LOAD_MINUTES + 1 + at);
      return minute ? minute.sum / minute.count : null;
    });
  }
}

/** As the background of one element: hundreds of agents by minutes are too many elements. */
export function loadGradient(shares: readonly (number | null)[]): string {
  const width = 100 / shares.length;
  const stops = shares.map((share, at) => {
    const ink =
      share === null
        ? 'transparent'
        : `color-mix(in srgb, var(--run) ${Math.round(15 + 85 * share)}%, var(--ground))`;
    const place = (edge: number) => `${(edge * width).toFixed(2)}%`;
    return `${ink} ${place(at)} ${place(at + 0.8)}, transparent ${place(at + 0.8)} ${place(at + 1)}`;
  });
  return `linear-gradient(90deg, ${stops.join(', ')})`;
}

/** The same in words. */
export function loadWords(shares: readonly (number | null)[]): string {
  const known = shares.filter((share) => share !== null);
  if (known.length === 0) return 'not known yet';
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const mean = known.reduce((sum, share) => sum + share, 0) / known.length;
  return `${percent(mean)} on average, at most ${percent(Math.max(...known))} in a minute, of ${known.length} min`;
}
