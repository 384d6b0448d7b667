/** Painting at the pace of eyes, whatever the pace of data. */
import { onCleanup } from 'solid-js';

const PAINT_MS = 1_000 / 12;

/** Paints with the screen and not more often than `PAINT_MS`; a hidden page paints when it is seen again. */
export function createPainter(paint: () => void): () => void {
  let isDue = false;
  let lastMs = 0;
  let frame = 0;
  const tick = (nowMs: number) => {
    frame = 0;
    if (!isDue) return;
    if (nowMs - lastMs < PAINT_MS) {
      frame = requestAnimationFrame(tick);
      return;
    }
    isDue = false;
    lastMs = nowMs;
    paint();
  };
  onCleanup(() => cancelAnimationFrame(frame));
  return () => {
    isDue = true;
    if (frame === 0) frame = requestAnimationFrame(tick);
  };
}
