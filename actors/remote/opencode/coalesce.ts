/**
 * Joins the small pieces of a text into larger ones, so that a watcher gets a few messages a second, not a hundred.
 *
 * C1. Order is kept: what is held back is said before anything that came after it.
 * C2. Nothing is held longer than `holdMs` or beyond `CHARS_MAX`; `flush` says the rest at once.
 */
import type { Progress } from './progress.ts';

export type Coalescer = { take(progress: Progress): void; flush(): void };

type TextProgress = Extract<Progress, { type: 'text' | 'reasoning' }>;

const CHARS_MAX = 4_000;

export function makeCoalescer(say: (progress: Progress) => void, holdMs: number): Coalescer {
  let held: TextProgress | null = null;
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const ready = held;
    held = null;
    if (ready !== null) say(ready);
  };
  return {
    flush,
    take(progress) {
      if (progress.type !== 'text' && progress.type !== 'reasoning') {
        flush();
        say(progress);
        return;
      }
      if (held !== null && held.partId !== progress.partId) flush();
      held = held === null ? progress : { ...held, text: held.text + progress.text };
      if (held.text.length >= CHARS_MAX) flush();
      else timer ??= setTimeout(flush, holdMs);
    },
  };
}
