/**
 * What has no events of its own (the cluster, dead letters, locks) is read again and again while the page is seen:
 *
 *     const cluster = createPolled(() => api.cluster(), { everyMs: 3_000 });
 *     cluster.value()  cluster.phase()  cluster.reload()
 *
 * What was read stays shown while the next reading is under way and where it fails; `phase` then says `stale`. A hidden
 * page reads nothing and reads at once when it is seen again. `hears` lets an event bring the next reading forward.
 */
import { type Accessor, createSignal, onCleanup } from 'solid-js';
import type { LiveFrame } from '#protocols/events.ts';
import type { Phase } from './create-listing.ts';
import { useConsole } from './use-console.ts';

export interface PolledOptions {
  readonly everyMs: number;
  /** Whether this event means that what was read is old. */
  readonly hears?: (frame: LiveFrame) => boolean;
}

export interface Polled<Value> {
  readonly value: Accessor<Value | undefined>;
  readonly phase: Accessor<Phase>;
  /** Reads now. Also where what is read depends on a signal that changed. */
  readonly reload: () => Promise<void>;
}

/** An event brings a reading forward, not each its own. */
const HEARD_MS = 400;

export function createPolled<Value>(read: () => Promise<Value>, options: PolledOptions): Polled<Value> {
  const [value, setValue] = createSignal<Value>();
  const [phase, setPhase] = createSignal<Phase>({ state: 'loading' });
  let timer: number | undefined;
  let asked = 0;
  let isOver = false;
  const plan = (ms: number) => {
    window.clearTimeout(timer);
    timer = isOver ? undefined : window.setTimeout(() => void reload(), ms);
  };
  const reload = async () => {
    if (document.hidden) return;
    asked += 1;
    const mine = asked;
    try {
      const got = await read();
      if (mine !== asked || isOver) return;
      setValue(() => got);
      setPhase({ state: 'ready' });
    } catch (error) {
      if (mine !== asked || isOver) return;
      const detail = error instanceof Error ? error.message : String(error);
      setPhase({ state: value() === undefined ? 'failed' : 'stale', detail });
    }
    plan(options.everyMs);
  };
  const seen = () => {
    if (!document.hidden) void reload();
  };
  const { hears } = options;
  if (hears) useConsole().listen((frame) => hears(frame) && plan(HEARD_MS));
  document.addEventListener('visibilitychange', seen);
  onCleanup(() => {
    isOver = true;
    window.clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  });
  void reload();
  return { value, phase, reload };
}
