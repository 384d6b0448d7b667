import { type JSX, Match, Switch } from 'solid-js';
import type { Phase } from '../data/create-listing.ts';

export interface ListingNoticeProps {
  phase: Phase;
  isEmpty: boolean;
  what: string;
  onRetry: () => void;
  /** What is said where there is nothing. */
  empty: JSX.Element;
}

/** What stands above or in place of what is being read, cannot be read, is old, or has nothing in it. */
export function ListingNotice(props: ListingNoticeProps) {
  const detail = () => ('detail' in props.phase ? props.phase.detail : '');
  return (
    <Switch>
      <Match when={props.phase.state === 'loading'}>
        <p class="notice" role="status">
          <strong>READING {props.what} …</strong>
        </p>
      </Match>
      <Match when={props.phase.state === 'failed'}>
        <div class="notice fail" role="alert">
          <strong>✕ {props.what} CANNOT BE READ</strong>
          {detail()}
          <div>
            <button type="button" onClick={() => props.onRetry()}>
              Try again
            </button>
          </div>
        </div>
      </Match>
      <Match when={props.phase.state === 'stale'}>
        <div class="stale" role="status">
          <span>
            STALE · {props.what.toLowerCase()} cannot be read again: {detail()}
          </span>
          <button type="button" onClick={() => props.onRetry()}>
            Try again
          </button>
        </div>
      </Match>
      <Match when={props.isEmpty}>
        <div class="notice">{props.empty}</div>
      </Match>
    </Switch>
  );
}
