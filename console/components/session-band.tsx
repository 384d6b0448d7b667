import { type JSX, Show } from 'solid-js';
import type { SessionView } from '#protocols/http/session.ts';
import { shortCost, shortCount, shortSpan } from '../data/figures.ts';
import type { Plan } from '../data/plan-figures.ts';
import { SESSION_LOOK } from '../data/state-words.ts';
import { ProgressCells } from './progress-cells.tsx';
import { StateWord } from './state-word.tsx';

export interface SessionBandProps {
  session: SessionView;
  plan: Plan;
  nowSeconds: number;
}

/** The readings of one session, as an instrument shows them. */
export function SessionBand(props: SessionBandProps) {
  const session = () => props.session;
  const metrics = () => session().metrics;
  const workSeconds = () => {
    const { started_at, ended_at } = session();
    if (started_at === null) return null;
    return (
      (ended_at === null ? props.nowSeconds : Date.parse(ended_at) / 1_000) - Date.parse(started_at) / 1_000
    );
  };
  const tokens = () => metrics().tokens_in + metrics().tokens_out;
  return (
    <div class="band">
      <Reading name="state">
        <StateWord look={SESSION_LOOK[session().state]} />
        <Show when={session().status_detail}>
          {(detail) => <small class="dim"> {detail().replaceAll('_', ' ')}</small>}
        </Show>
      </Reading>
      <div class="cell wide">
        <span class="legend">
          tasks {session().progress.tasks_completed}/{session().progress.tasks_total}
          <Show when={session().progress.tasks_failed > 0}>
            <span class="fail"> · {session().progress.tasks_failed} failed</span>
          </Show>
          <Show when={session().progress.tasks_in_work > 0}>
            <span class="run"> · {session().progress.tasks_in_work} at work</span>
          </Show>
        </span>
        <ProgressCells progress={session().progress} />
      </div>
      <Reading name="critical path left">
        {hours(props.plan.remainingHours)}
        <small class="dim"> of {hours(props.plan.hours)}</small>
      </Reading>
      <Reading name="queued">{spanOf(metrics().queue_seconds)}</Reading>
      <Reading name="at work">
        {spanOf(workSeconds())}
        <small class="dim"> of {shortSpan(session().max_duration_seconds)}</small>
      </Reading>
      <Reading name="tokens">
        {shortCount(tokens())}
        <Budget used={tokens()} limit={session().token_budget} show={shortCount} />
      </Reading>
      <Reading name="cost">
        {shortCost(metrics().cost_usd)}
        <Budget used={metrics().cost_usd} limit={session().cost_budget_usd} show={shortCost} />
      </Reading>
      <Reading name="health">
        <span class={healthTone(session().health_score)}>{session().health_score.toFixed(1)}</span>
      </Reading>
    </div>
  );
}

function Reading(props: { name: string; children: JSX.Element }) {
  return (
    <div class="cell">
      <span class="legend">{props.name}</span>
      <span class="figure">{props.children}</span>
    </div>
  );
}

function Budget(props: { used: number; limit: number | undefined; show: (value: number) => string }) {
  return (
    <Show when={props.limit}>
      {(limit) => (
        <small class={props.used >= limit() ? 'fail' : props.used >= 0.8 * limit() ? 'warn' : 'dim'}>
          {' '}
          of {props.show(limit())}
        </small>
      )}
    </Show>
  );
}

function healthTone(score: number): string {
  return score >= 0.8 ? 'done' : score >= 0.5 ? 'warn' : 'fail';
}

function spanOf(seconds: number | null): string {
  return seconds === null ? '–' : shortSpan(seconds);
}

function hours(value: number): string {
  return value === 0 ? '0' : value < 10 ? `${value.toFixed(1)} h` : `${Math.round(value)} h`;
}
