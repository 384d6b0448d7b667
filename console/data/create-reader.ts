/** A value that is read again and again while the page is seen; null where it is not known, or no longer. */
import { type Accessor, createSignal, onCleanup } from 'solid-js';

export function createReader<Value>(read: () => Promise<Value>, everyMs: number): Accessor<Value | null> {
  const [value, setValue] = createSignal<Value | null>(null);
  let timer: number | undefined;
  let isOver = false;
  const go = async () => {
    window.clearTimeout(timer);
    if (!document.hidden) {
      // What failed is unknown from here on: an old figure without a word would be taken for a new one.
      const got = await read().catch(() => null);
      if (isOver) return;
      setValue(() => got);
    }
    timer = window.setTimeout(() => void go(), everyMs);
  };
  const seen = () => {
    if (!document.hidden) void go();
  };
  document.addEventListener('visibilitychange', seen);
  onCleanup(() => {
    isOver = true;
    window.clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  });
  void go();
  return value;
}
