import { Show } from 'solid-js';
import type { Line } from '../data/live-events.ts';

/** Says that what is shown may be old, why, and when the next try is. */
export function StaleNotice(props: { line: Line; nowSeconds: number; onRetry: () => void }) {
  const lost = () =>
    props.line.state === 'reconnecting' || props.line.state === 'offline' ? props.line : null;
  const waitSeconds = () => Math.max(0, Math.ceil((lost()?.nextTryAtMs ?? 0) / 1_000 - props.nowSeconds));
  return (
    <Show when={lost()}>
      {(line) => (
        <div class="stale" role="alert">
          <span>
            STALE · {line().reason}
            <Show when={waitSeconds() > 0} fallback=" · trying …">
              {' '}
              · next try in {waitSeconds()}s
            </Show>
          </span>
          <button type="button" onClick={() => props.onRetry()}>
            Try now
          </button>
        </div>
      )}
    </Show>
  );
}
