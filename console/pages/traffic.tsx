/** What is on the bus, and what caused it: the wildcard bar, the tree of subjects, the tail, and one message whole. */
import { createEffect, createMemo, createSignal, on, onCleanup, Show } from 'solid-js';
import { MessageInspector } from '../components/message-inspector.tsx';
import { Panel } from '../components/panel.tsx';
import { Screen } from '../components/screen.tsx';
import { SubjectTree } from '../components/subject-tree.tsx';
import { TrafficTail } from '../components/traffic-tail.tsx';
import { createQuery } from '../data/create-query.ts';
import { createTraffic, type Traffic as TrafficData } from '../data/create-traffic.ts';
import { shortCount } from '../data/figures.ts';
import { placeOf } from '../data/ladder.ts';
import type { AnyFrame } from '../data/lanes.ts';
import { buildSubjectTree } from '../data/subject-tree.ts';
import { readMessage } from '../data/traffic-api.ts';
import { useConsole } from '../data/use-console.ts';
import { createKeys } from '../keyboard.ts';
import '../styles/traffic.css';

const RATE_SECONDS = 10;

export function Traffic() {
  const { lanes } = useConsole();
  const [filter, setFilter] = createQuery('filter');
  const traffic = createTraffic(filter);
  const [picked, pick] = createPicked(traffic);
  const tree = createMemo(() => {
    void lanes.events();
    return buildSubjectTree(lanes.book.totals(lanes.throughSecond(), RATE_SECONDS * 6), RATE_SECONDS * 6);
  });
  let bar: HTMLInputElement | undefined;
  let show: (index: number) => void = () => undefined;
  const step = (by: number) => {
    const places = traffic.rows(0, traffic.size()).map((row) => row.place);
    const at = picked() ? places.indexOf(placeOf(picked() as AnyFrame)) : -1;
    const next = at === -1 ? 0 : Math.min(places.length - 1, Math.max(0, at + by));
    const row = traffic.rows(next, 1)[0];
    if (!row) return;
    // What moves away under the eyes can't be read: whoever steps holds the tail.
    if (!traffic.isHeld()) traffic.hold(true);
    pick(row.frame);
    show(next);
  };
  const goOn = () => {
    traffic.hold(false);
    show(0);
  };
  createKeys('Traffic', [
    { key: 'space', help: 'pause', act: () => (traffic.isHeld() ? goOn() : traffic.hold(true)) },
    { key: '/', help: 'filter', act: () => bar?.focus() },
    { key: 'j', help: 'down, older', act: () => step(1) },
    { key: 'k', help: 'up, newer', act: () => step(-1) },
    { key: '[', help: 'a step back in time', act: () => step(1) },
    { key: ']', help: 'a step on in time', act: () => step(-1) },
    { key: 'c', help: 'its cause', act: () => openRung('cause') },
    { key: 'e', help: 'its effects', act: () => openRung('effects') },
    { key: 'L', help: 'back to live', act: goOn },
    { key: 'Escape', help: 'close', act: () => pick(null) },
  ]);
  return (
    <Screen name="Traffic">
      <div class={`traffic-desk ${picked() ? 'is-open' : ''}`}>
        <Panel name="Subjects" note="/s">
          <Show
            when={lanes.isCounted() && tree().length > 0}
            fallback={
              <p class="notice">
                {lanes.isCounted()
                  ? 'What passes is counted here by its subject.'
                  : 'Nothing is counted now: counts come by the WebSocket alone.'}
              </p>
            }
          >
            <SubjectTree nodes={tree()} filter={filter()} onPick={setFilter} />
          </Show>
        </Panel>
        <TailPanel
          traffic={traffic}
          filter={filter()}
          picked={picked()}
          onFilter={setFilter}
          onPick={(frame) => pick(frame)}
          onGoOn={goOn}
          barRef={(input) => {
            bar = input;
          }}
          showRef={(given) => {
            show = given;
          }}
        />
        <Show when={picked()}>
          {(frame) => (
            <MessageInspector
              frame={frame()}
              passed={traffic.frames}
              onOpen={(other) => pick(other)}
              onClose={() => pick(null)}
            />
          )}
        </Show>
      </div>
      <SpokenRate traffic={traffic} />
    </Screen>
  );
}

interface TailPanelProps {
  traffic: TrafficData;
  filter: string;
  picked: AnyFrame | null;
  onFilter: (filter: string) => void;
  onPick: (frame: AnyFrame) => void;
  onGoOn: () => void;
  barRef: (input: HTMLInputElement) => void;
  showRef: (show: (index: number) => void) => void;
}

function TailPanel(props: TailPanelProps) {
  const { line } = useConsole();
  const isStream = () => {
    const now = line();
    return now.state === 'live' && now.isStream === true;
  };
  let heldByReading = false;
  const leave = (isAway: boolean) => {
    const { traffic } = props;
    // Reading down holds the tail; coming back to the top lets go what reading held.
    if (isAway && !traffic.isHeld()) {
      heldByReading = true;
      traffic.hold(true);
    } else if (!isAway && heldByReading && !props.picked) {
      heldByReading = false;
      traffic.hold(false);
    }
  };
  return (
    <section class="panel tail-panel" aria-label="Tail">
      <header>
        <search class="find">
          <input
            ref={props.barRef}
            type="text"
            enterkeyhint="search"
            value={props.filter}
            aria-label="Filter of traffic"
            placeholder="subjects with * and >, or words:  task.*.transitioned   tap.*.session.>   failed"
            spellcheck={false}
            onChange={(event) => props.onFilter(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') event.currentTarget.blur();
            }}
          />
        </search>
        <button type="button" aria-pressed={props.traffic.isHeld()} onClick={() => toggle(props)}>
          {props.traffic.isHeld() ? '▶ Live' : '‖ Pause'}
        </button>
      </header>
      <Show when={props.traffic.isHeld()}>
        <button type="button" class="held" onClick={() => props.onGoOn()}>
          PAUSED · {shortCount(props.traffic.missed())} new
        </button>
      </Show>
      <Show when={props.traffic.leftOut() > 0}>
        <p class="held" role="status">
          SAMPLED · {shortCount(props.traffic.leftOut())} left out: more came than can be shown
        </p>
      </Show>
      <Show when={isStream()}>
        <p class="held" role="status">
          NO TAIL · no WebSocket gets through to the gateway; an event stream carries events alone
        </p>
      </Show>
      <Show when={props.traffic.size() === 0}>
        <p class="notice">
          <strong>{props.filter === '' ? 'NOTHING HAS PASSED YET' : 'NOTHING PASSES THE FILTER'}</strong>
          {props.filter === ''
            ? 'Messages and events appear here as they pass.'
            : 'What passes it appears here.'}
        </p>
      </Show>
      <TrafficTail
        traffic={props.traffic}
        selected={props.picked ? placeOf(props.picked) : ''}
        onSelect={(row) => props.onPick(row.frame)}
        onLeave={leave}
        ref={props.showRef}
      />
    </section>
  );
}

function toggle(props: TailPanelProps): void {
  if (props.traffic.isHeld()) props.onGoOn();
  else props.traffic.hold(true);
}

/** The picked one stands in the address. One that was passed on is read, where the log still has it. */
function createPicked(traffic: TrafficData): [() => AnyFrame | null, (frame: AnyFrame | null) => void] {
  const [at, setAt] = createQuery('at');
  const [picked, setPicked] = createSignal<AnyFrame | null>(null);
  const pick = (frame: AnyFrame | null) => {
    setPicked(frame);
    setAt(frame && placeOf(frame));
  };
  const find = async (place: string) => {
    const here = traffic.frames().find((frame) => placeOf(frame) === place);
    const [lane, seq] = place.split(':');
    if (here) setPicked(here);
    else if (lane === 'data' || lane === 'control') {
      const read = await readMessage(lane, Number(seq)).catch(() => null);
      if (read && at() === place) setPicked(read.message);
    }
  };
  createEffect(
    on([at, () => traffic.size() > 0], ([place]) => {
      const known = picked();
      if (place !== '' && !(known && placeOf(known) === place)) void find(place);
    }),
  );
  return [picked, pick];
}

/** The first of what is listed there: the key opens what a press would. */
function openRung(id: string): void {
  document.querySelector<HTMLElement>(`#${id} .rung`)?.click();
}

const SPOKEN_MS = 10_000;

/** For those who hear: the rate in a sentence, not more often than can be listened to. */
function SpokenRate(props: { traffic: TrafficData }) {
  const { lanes } = useConsole();
  const [said, say] = createSignal('');
  const timer = setInterval(() => {
    const rate = lanes.isCounted() ? `${lanes.events().at(-1) ?? 0} events a second` : 'Rates are not known';
    say(`${rate}, ${props.traffic.failed()} failed in the last 10 seconds`);
  }, SPOKEN_MS);
  onCleanup(() => clearInterval(timer));
  return (
    <p class="unseen" role="status">
      {said()}
    </p>
  );
}
