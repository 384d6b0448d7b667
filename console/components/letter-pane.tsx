/** One dead letter: why it failed, what came, what is sent in its place, and what was done with it. */
import { A } from '@solidjs/router';
import { createEffect, createMemo, createSignal, For, on, Show } from 'solid-js';
import { inspectorPath } from '../data/actor-place.ts';
import { createPolled } from '../data/create-polled.ts';
import { shortAge } from '../data/figures.ts';
import { causeWords, LETTER_LOOK, outcomeOf } from '../data/letter-words.ts';
import { type Letter, lettersApi } from '../data/letters-api.ts';
import { createKeys } from '../keyboard.ts';
import { ActButton } from './act-button.tsx';
import { Facts } from './facts.tsx';
import { askDrop, askEdit, askReplay } from './letter-acts.ts';
import { LetterEditor } from './letter-editor.tsx';
import { ListingNotice } from './listing-notice.tsx';
import { Pane, Part } from './pane.tsx';
import { StateWord } from './state-word.tsx';

const EVERY_MS = 1_500;

export function LetterPane(props: {
  id: string;
  nowSeconds: number;
  onChanged: () => void;
  onClose: () => void;
}) {
  const polled = createPolled(() => lettersApi.letter(props.id), { everyMs: EVERY_MS });
  const [answered, setAnswered] = createSignal<Letter | null>(null);
  createEffect(
    on(
      createMemo(() => props.id),
      () => void polled.reload(),
      { defer: true },
    ),
  );
  /** The newest that is known: what an act answered, until the next reading has it too. */
  const letter = () => {
    const [read, told] = [polled.value(), answered()];
    const isOf = (one: Letter | null | undefined) => one?.id === props.id;
    if (told && isOf(told) && told.version > (isOf(read) ? (read?.version ?? 0) : 0)) return told;
    return isOf(read) ? read : null;
  };
  const done = (changed: Letter) => {
    setAnswered(changed);
    props.onChanged();
  };
  const isOpen = () => letter()?.status === 'open';
  const replay = () => {
    const one = letter();
    if (one && isOpen()) askReplay(one, done);
  };
  const drop = () => {
    const one = letter();
    if (one && isOpen()) askDrop(one, done);
  };
  let editor: HTMLTextAreaElement | undefined;
  createKeys('Letter', [
    { key: 'r', help: 'replay it', act: replay },
    { key: 'e', help: 'edit its message', act: () => editor?.focus() },
    { key: 'x', help: 'drop it', act: drop },
  ]);
  return (
    <Pane
      name="Letter"
      title={letter() ? `${letter()?.message_type ?? '?'} → ${letter()?.address ?? 'nobody'}` : props.id}
      onClose={props.onClose}
      acts={
        <>
          <ActButton
            needs="letters.replay"
            class="main"
            disabled={!isOpen() || letter()?.replays_left === 0}
            onClick={replay}
          >
            Replay <kbd>r</kbd>
          </ActButton>
          <ActButton needs="letters.change" disabled={!isOpen()} onClick={() => editor?.focus()}>
            Edit <kbd>e</kbd>
          </ActButton>
          <ActButton needs="letters.change" class="grave" disabled={!isOpen()} onClick={drop}>
            Drop <kbd>x</kbd>
          </ActButton>
        </>
      }
    >
      <ListingNotice
        phase={polled.phase()}
        isEmpty={polled.value() === null}
        what="LETTER"
        onRetry={() => void polled.reload()}
        empty={
          <>
            <strong>NO SUCH LETTER</strong>
            It was dropped or answered more than thirty days ago.
          </>
        }
      />
      <Show when={letter()}>
        {(one) => (
          <>
            <Outcome letter={one()} />
            <LetterFacts letter={one()} nowSeconds={props.nowSeconds} />
            <Part name="Why it failed">
              <pre class="json fail">{causeWords(one().error)}</pre>
            </Part>
            <LetterEditor
              letter={one()}
              ref={(area) => {
                editor = area;
              }}
              onKeep={(draft) => askEdit(one(), draft, done)}
            />
            <Part name="Envelope as it came">
              <pre class="json dim">
                {typeof one().body === 'string' ? String(one().body) : JSON.stringify(one().body, null, 2)}
              </pre>
            </Part>
            <Deeds letter={one()} />
          </>
        )}
      </Show>
    </Pane>
  );
}

/** What became of the last replay, with the way to the actor that has it. */
function Outcome(props: { letter: Letter }) {
  return (
    <Show when={outcomeOf(props.letter)}>
      {(outcome) => (
        <p class={`said-done ${outcome().tone}`} role="status" data-outcome>
          {outcome().text}{' '}
          <Show when={inspectorPath(props.letter.address)}>
            {(path) => <A href={path()}>See its actor</A>}
          </Show>
        </p>
      )}
    </Show>
  );
}

function LetterFacts(props: { letter: Letter; nowSeconds: number }) {
  const one = () => props.letter;
  return (
    <Facts
      items={[
        { name: 'state', value: <StateWord look={LETTER_LOOK[one().status]} /> },
        { name: 'reason', value: one().reason, tone: 'fail' },
        {
          name: 'for',
          value: (
            <Show when={inspectorPath(one().address)} fallback={one().address ?? 'cannot be read'}>
              {(path) => <A href={path()}>{one().address}</A>}
            </Show>
          ),
          title: one().address ?? '',
        },
        { name: 'failed', value: `${shortAge(props.nowSeconds - Date.parse(one().failed_at) / 1_000)} ago` },
        { name: 'replays', value: `${one().replays} done, ${one().replays_left} left` },
        { name: 'source', value: one().source ?? '–' },
        { name: 'log', value: `partition ${one().partition} ${one().lane} #${one().seq}` },
        { name: 'message', value: one().message_id ?? '–', title: one().message_id ?? '' },
        { name: 'cause', value: one().cause ?? '–', title: one().cause ?? '' },
      ]}
    />
  );
}

/** Who did what, when and why; the newest first. */
function Deeds(props: { letter: Letter }) {
  return (
    <Part name="What was done with it" note={String(props.letter.acts.length)}>
      <Show when={props.letter.acts.length === 0}>
        <p class="line dim">Nothing yet.</p>
      </Show>
      <ul class="deeds">
        <For each={[...props.letter.acts].reverse()}>
          {(act) => (
            <li>
              <span class="dim">{act.at.slice(11, 19)}</span>
              <span>{act.act}</span>
              <span class="dim clip">{act.by}</span>
              <span class="clip" title={act.reason}>
                {act.reason}
              </span>
            </li>
          )}
        </For>
      </ul>
    </Part>
  );
}
