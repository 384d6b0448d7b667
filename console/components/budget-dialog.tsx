import { createSignal, For, Show } from 'solid-js';
import type { ActFields } from '../data/session-api.ts';
import { type SpentBudget, toBudgets } from '../data/spent-budget.ts';

export interface BudgetDialogProps {
  ref: (dialog: HTMLDialogElement) => void;
  title: string;
  spent: readonly SpentBudget[];
  send: (fields: ActFields) => Promise<void>;
}

/** Lets a session go on that was paused by a budget: it asks for a higher one, or for none. */
export function BudgetDialog(props: BudgetDialogProps) {
  const [failure, setFailure] = createSignal<string | null>(null);
  let dialog: HTMLDialogElement | undefined;
  const send = async (form: HTMLFormElement) => {
    setFailure(null);
    const said = new FormData(form);
    const reason = String(said.get('reason') ?? '').trim();
    try {
      await props.send({ ...toBudgets(props.spent, (name) => String(said.get(name) ?? '')), reason });
      dialog?.close();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <dialog
      ref={(element) => {
        dialog = element;
        props.ref(element);
      }}
      aria-labelledby="raise-budget"
    >
      <h2 id="raise-budget">Raise the budget and resume</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send(event.currentTarget);
        }}
      >
        <p>{props.title}</p>
        <p class="dim">
          It was paused because a budget is used up. With a higher one, or none, what waits begins as soon as
          there is capacity.
        </p>
        <For each={props.spent}>
          {(one, at) => (
            <label>
              <span class="legend">
                New budget in {one.unit} · {one.used.toLocaleString('en')} of {one.limit.toLocaleString('en')}{' '}
                are used · empty: none any more
              </span>
              <input
                name={one.name}
                type="number"
                inputmode="decimal"
                min={Number((one.used + one.step).toFixed(2))}
                step={one.step}
                value={one.proposed}
                autofocus={at() === 0}
              />
            </label>
          )}
        </For>
        <label>
          <span class="legend">Why</span>
          <input name="reason" maxLength={500} />
        </label>
        <Show when={failure()}>
          <p class="fault" role="alert">
            ✕ {failure()}
          </p>
        </Show>
        <div class="foot">
          <button type="button" onClick={() => dialog?.close()}>
            Leave it
          </button>
          <button type="submit" class="main">
            Raise and resume
          </button>
        </div>
      </form>
    </dialog>
  );
}
