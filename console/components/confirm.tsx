/**
 * Weighty acts ask first. One dialog for all, in the shell; whoever has such an act says what it is:
 *
 *     confirm({ title: 'Stop session', object: session.title, consequence: '…', verb: 'stop it', reason: 'optional',
 *       needs: 'sessions.write', act: (reason) => api.stop(id, reason) });
 *
 * It closes when `act` is done; where that fails it stays open and says why. What destroys asks to type `typed`.
 */
import { createSignal, Show } from 'solid-js';
import type { Action } from '#protocols/access.ts';
import { whyNot } from '../data/create-access.ts';

export interface Confirmation {
  readonly title: string;
  /** The name of what is acted on. */
  readonly object: string;
  /** What happens then, and to how much: counted by the gateway, not from what the page happens to show. */
  readonly consequence: string;
  readonly verb: string;
  /** What one must be allowed. */
  readonly needs: Action;
  readonly reason: 'required' | 'optional' | 'none';
  /** A short id that has to be typed. */
  readonly typed?: string;
  readonly act: (reason: string) => Promise<unknown>;
}

const [asked, setAsked] = createSignal<Confirmation | null>(null);

export function confirm(confirmation: Confirmation): void {
  setAsked(confirmation);
}

export function ConfirmDialog() {
  return <Show when={asked()}>{(confirmation) => <OpenConfirm confirmation={confirmation()} />}</Show>;
}

function OpenConfirm(props: { confirmation: Confirmation }) {
  const [failure, setFailure] = createSignal<string | null>(null);
  const [isSending, setSending] = createSignal(false);
  const refusal = () => whyNot(props.confirmation.needs);
  let dialog: HTMLDialogElement | undefined;
  const send = async (form: HTMLFormElement) => {
    setSending(true);
    setFailure(null);
    try {
      await props.confirmation.act(String(new FormData(form).get('reason') ?? '').trim());
      dialog?.close();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setSending(false);
    }
  };
  return (
    <dialog
      ref={(element) => {
        dialog = element;
        queueMicrotask(() => element.showModal());
      }}
      aria-labelledby="confirm"
      onClose={() => setAsked(null)}
    >
      <h2 id="confirm">{props.confirmation.title}</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send(event.currentTarget);
        }}
      >
        <p>{props.confirmation.object}</p>
        <p class="dim">{props.confirmation.consequence}</p>
        <Show when={props.confirmation.reason !== 'none'}>
          <label>
            <span class="legend">Why</span>
            <input
              name="reason"
              maxLength={500}
              autofocus
              required={props.confirmation.reason === 'required'}
            />
          </label>
        </Show>
        <Show when={props.confirmation.typed}>{(typed) => <TypedField typed={typed()} />}</Show>
        <Show when={failure() ?? refusal()}>
          {(words) => (
            <p class="fault" role="alert">
              ✕ {words()}
            </p>
          )}
        </Show>
        <div class="foot">
          <button type="button" onClick={() => dialog?.close()}>
            Leave it
          </button>
          <button type="submit" class="grave" disabled={isSending() || refusal() !== undefined}>
            {props.confirmation.verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function TypedField(props: { typed: string }) {
  const check = (input: HTMLInputElement) =>
    input.setCustomValidity(input.value === props.typed ? '' : `Type ${props.typed}`);
  return (
    <label>
      <span class="legend">Type {props.typed}</span>
      <input
        name="typed"
        autocomplete="off"
        ref={(input) => queueMicrotask(() => check(input))}
        onInput={(event) => check(event.currentTarget)}
      />
    </label>
  );
}
