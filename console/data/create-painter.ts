/** Painting at the pace of eyes, whatever the pace of data. */
import { onCleanup } from 'solid-js';
import { PaintPace } from './paint-pace.ts';

/** Paints with the screen and not more often than eyes and machine take; a hidden page paints when it is seen again. */
export function createPainter(paint: () => void): () => void {
  let isDue = false;
  const pace = new PaintPace();
  const frame = createFrame((nowMs) => {
    const isTime = pace.isDue(nowMs);
    if (!isDue) return false;
    if (!isTime) return true;
    isDue = false;
    pace.painted(nowMs);
    paint();
    // The frame after a painting says what it cost.
    return true;
  });
  return () => {
    isDue = true;
    frame();
  };
}

/** Calls `act` with the next frame, and with further ones for as long as it says true. */
export function createFrame(act: (nowMs: number) => boolean): () => void {
  let frame = 0;
  const tick = (nowMs: number) => {
    frame = 0;
    if (act(nowMs)) ask();
  };
  const ask = () => {
    frame ||= requestAnimationFrame(tick);
  };
  onCleanup(() => cancelAnimationFrame(frame));
  return ask;
}
