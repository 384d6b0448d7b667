import { createSignal, For, Show } from 'solid-js';
import type { SessionView } from '#protocols/http/session.ts';
import type { SessionState } from '#protocols/session.ts';
import { api, newKey, type SessionAct } from '../data/api.ts';

type Ending = Exclude<SessionAct, 'start'>;

/** What may be done with a session in each state, as the gateway would allow it. */
const ACTS = {
  pending: ['start', 'cancel'],
  queued: ['cancel'],
  running: ['stop'],
  paused: ['stop', 'cancel'],
  degraded: ['stop'],
  completed: ['delete'],
  partially_completed: ['delete'],
  failed: ['delete'],
  timeout: ['delete'],
  stopped: ['delete'],
  cancelled: ['delete'],
  orphaned: ['stop'],
} as const satisfies Record<SessionState, readonly SessionAct[]>;

const CONSEQUENCE = {
  stop: 'Its agents are told to end at once. What they committed stays.',
  cancel: 'It will not be worked on any more. This is final.',
  delete: 'It disappears from every list.',
} as const satisfies Record<Ending, string>;

export interface SessionActsProps {
  session: SessionView;
  onChanged: (session: SessionView) => void;
  onDeleted: (id: string) => void;
}

/** The buttons of the selected session. What ends something asks first, and why. */
export function SessionActs(props: SessionActsProps) {
  const [asked, setAsked] = createSignal<Ending | null>(null);
  const [failure, setFailure] = createSignal<string | null>(null);
  const [isSending, setSending] = createSignal(false);
  let dialog: HTMLDialogElement | undefined;
  const act = async (what: SessionAct, reason = '') => {
    setSending(true);
    setFailure(null);
    try {
      const { id } = props.session;
      const session = await api.act(id, what, { key: newKey(), ...(reason === '' ? {} : { reason }) });
      if (session) props.onChanged(session);
      else props.onDeleted(id);
      dialog?.close();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setSending(false);
    }
  };
  const press = (what: SessionAct) => {
    if (what === 'start') return void act(what);
    setFailure(null);
    setAsked(what);
    dialog?.showModal();
  };
  return (
    <>
      <div class="acts push">
        <Show when={failure() && asked() === null}>
          <span class="fail" role="alert">
            {failure()}
          </span>
        </Show>
        <For each={ACTS[props.session.state]}>
          {(what) => (
            <button
              type="button"
              class={what === 'start' ? 'main' : ''}
              disabled={isSending()}
              onClick={() => press(what)}
            >
              {what}
            </button>
          )}
        </For>
      </div>
      <dialog ref={dialog} aria-labelledby="ending" onClose={() => setAsked(null)}>
        <h2 id="ending">{asked()} session</h2>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const what = asked();
            if (what) void act(what, String(new FormData(event.currentTarget).get('reason') ?? '').trim());
          }}
        >
          <p>{props.session.title}</p>
          <p class="dim">
            {CONSEQUENCE[asked() ?? 'stop']} Tasks in work: {props.session.progress.tasks_in_work}.
          </p>
          <Show when={asked() !== 'delete'}>
            <label>
              <span class="legend">Why</span>
              <input name="reason" maxLength={500} />
            </label>
          </Show>
          <Show when={failure()}>
            <p class="fault" role="alert">
              ✕ {failure()}
            </p>
          </Show>
          <div class="foot">
            <button type="button" onClick={() => dialog?.close()}>
              Leave it
            </button>
            <button type="submit" class="grave" disabled={isSending()}>
              {asked()} it
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
