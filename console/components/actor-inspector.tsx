/**
 * One actor, looked into: where it lives, what waits for it, what it did, what it knew then. Asked for again and again
 * only while it is open. A step of its past shows it as of that step: `[` and `]` go from one to the next, `L` back to now.
 */
import { Show } from 'solid-js';
import { type ActorPlace, formatActorPlace } from '../data/actor-place.ts';
import { newKey } from '../data/api.ts';
import { type Actor, clusterApi, type Supervision } from '../data/cluster-api.ts';
import { createMoment, createPast } from '../data/create-past.ts';
import { createPolled } from '../data/create-polled.ts';
import { createQuery } from '../data/create-query.ts';
import { shortAge } from '../data/figures.ts';
import { createKeys } from '../keyboard.ts';
import { ActButton } from './act-button.tsx';
import { confirm } from './confirm.tsx';
import { Facts } from './facts.tsx';
import { HistorySteps } from './history-steps.tsx';
import { ListingNotice } from './listing-notice.tsx';
import { Pane, Part } from './pane.tsx';

const EVERY_MS = 2_000;

export interface ActorInspectorProps {
  place: ActorPlace;
  /** About how many messages wait for it, where that was told. */
  waiting: number | null;
  nowSeconds: number;
  onClose: () => void;
}

export function ActorInspector(props: ActorInspectorProps) {
  const [at, setAt] = createQuery('at');
  const version = () => (/^[1-9]\d*$/.test(at()) ? Number(at()) : null);
  const actor = createPolled(() => clusterApi.actor(props.place), { everyMs: EVERY_MS });
  const supervision = createPolled(() => clusterApi.supervision(props.place), { everyMs: EVERY_MS });
  const past = createPast(
    () => props.place,
    () => actor.value()?.version,
  );
  const moment = createMoment(() => props.place, version);
  const step = (by: number) => {
    const versions = past.versions();
    const from = version() ?? actor.value()?.version ?? 0;
    const next = by < 0 ? versions.findLast((one) => one < from) : versions.find((one) => one > from);
    if (next !== undefined) setAt(String(next));
  };
  const isHeld = () => supervision.value()?.status === 'suspended';
  const order = () =>
    askOrder(props.place, { isHeld: isHeld(), kept: supervision.value()?.kept ?? 0 }, supervision.reload);
  createKeys('Actor', [
    { key: '[', help: 'the step before', act: () => step(-1) },
    { key: ']', help: 'the step after', act: () => step(1) },
    { key: 'L', help: 'back to now', act: () => setAt(null) },
    { key: 's', help: 'suspend, or let go on', act: order },
  ]);
  const state = () => (version() === null ? actor.value()?.state : moment.value()?.state);
  return (
    <Pane
      name="Actor"
      title={formatActorPlace(props.place)}
      note={
        <Show when={version()} fallback={<span class="run">▶ NOW</span>}>
          {(one) => <span class="warn">‖ AS OF VERSION {one()}</span>}
        </Show>
      }
      onClose={() => {
        setAt(null);
        props.onClose();
      }}
      acts={
        <>
          <ActButton
            needs="actors.hold"
            class={isHeld() ? '' : 'grave'}
            disabled={!supervision.value()}
            onClick={order}
          >
            {isHeld() ? 'Let it go on' : 'Suspend'} <kbd>s</kbd>
          </ActButton>
          <button type="button" onClick={() => step(-1)}>
            Before <kbd>[</kbd>
          </button>
          <button type="button" onClick={() => step(1)}>
            After <kbd>]</kbd>
          </button>
          <button type="button" disabled={version() === null} onClick={() => setAt(null)}>
            Now <kbd>L</kbd>
          </button>
        </>
      }
    >
      <ListingNotice
        phase={actor.phase()}
        isEmpty={actor.value() === null}
        what="ACTOR"
        onRetry={() => void actor.reload()}
        empty={
          <>
            <strong>NO SUCH ACTOR</strong>
            It never was, or is gone. What is kept of its past stands below.
          </>
        }
      />
      <ActorFacts
        actor={actor.value() ?? null}
        supervision={supervision.value() ?? null}
        waiting={props.waiting}
        nowSeconds={props.nowSeconds}
      />
      <Part name="What it did" note={past.note()}>
        <HistorySteps
          past={past.value()}
          failure={past.failure()}
          at={version()}
          onPick={(one) => setAt(String(one))}
        />
      </Part>
      <Part name={version() === null ? 'State now' : `State as of version ${version()}`}>
        <Show when={moment.failure() && version() !== null}>
          <p class="line fail" role="alert">
            ✕ {moment.failure()}
          </p>
        </Show>
        <pre class="json">{state() === undefined ? '…' : JSON.stringify(state(), null, 2)}</pre>
      </Part>
    </Pane>
  );
}

interface ActorFactsProps {
  actor: Actor | null;
  supervision: Supervision | null;
  waiting: number | null;
  nowSeconds: number;
}

function ActorFacts(props: ActorFactsProps) {
  const kept = () => props.supervision?.kept ?? 0;
  const inLog = () => (props.waiting === null ? 'few' : `about ${props.waiting}`);
  const ago = (time: string) => `${shortAge(props.nowSeconds - Date.parse(time) / 1_000)} ago`;
  const isHeld = () => props.supervision !== null && props.supervision.status !== 'active';
  return (
    <>
      <Show when={isHeld()}>
        <p class="said-done warn" role="status">
          ‖ {props.supervision?.status.toUpperCase()} by {props.supervision?.by}: {props.supervision?.reason}
        </p>
      </Show>
      <Show when={props.actor}>
        {(one) => (
          <Facts
            items={[
              { name: 'version', value: one().version },
              {
                name: 'partition',
                value: `${one().partition} on ${one().owner ?? 'nobody'}`,
                title: one().owner ?? '',
              },
              { name: 'changed', value: ago(one().updated_at) },
              { name: 'made', value: one().created_at.replace('T', ' ').slice(0, 19) },
              {
                name: 'takes mail',
                value: props.supervision?.status ?? '–',
                tone: isHeld() ? 'warn' : 'run',
              },
              {
                name: 'pending',
                value: `${kept()} kept · ${inLog()} in its log`,
                tone: kept() > 0 ? 'warn' : '',
              },
              { name: 'timers', value: timersOf(one().timers, props.nowSeconds) },
              { name: 'shape', value: `state version ${one().state_version}` },
            ]}
          />
        )}
      </Show>
    </>
  );
}

function timersOf(
  timers: readonly { readonly key: string; readonly at: string }[],
  nowSeconds: number,
): string {
  if (timers.length === 0) return 'none';
  return timers
    .map(({ key, at }) => `${key} in ${shortAge(Math.max(0, Date.parse(at) / 1_000 - nowSeconds))}`)
    .join(', ');
}

function askOrder(
  place: ActorPlace,
  now: { readonly isHeld: boolean; readonly kept: number },
  reload: () => Promise<void>,
): void {
  const key = newKey();
  const object = formatActorPlace(place);
  const about = { object, reason: 'required' as const, needs: 'actors.hold' as const };
  if (now.isHeld) {
    confirm({
      ...about,
      title: 'Let actor go on',
      consequence: `It takes the ${now.kept} messages that were kept, in their order, before anything newer.`,
      verb: 'let it go on',
      act: async (reason) => {
        await clusterApi.resume(place, { key, reason, mail: 'take' });
        await reload();
      },
    });
    return;
  }
  confirm({
    ...about,
    title: 'Suspend actor',
    consequence:
      'It takes nothing from now on: mail of other actors is kept, people are refused, timers wait.',
    verb: 'suspend it',
    typed: place.id.slice(-6),
    act: async (reason) => {
      await clusterApi.suspend(place, { key, reason });
      await reload();
    },
  });
}
