import { createSignal, For, Show } from 'solid-js';
import type { SessionView } from '#protocols/http/session.ts';
import { api } from '../data/api.ts';
import { whyNot } from '../data/create-access.ts';
import { ACT_KEYS, actsOf, blastOf, typedOf, WEIGHT } from '../data/session-acts.ts';
import { type ActFields, askSession, type SessionAct } from '../data/session-api.ts';
import { type SpentBudget, spentBudgets } from '../data/spent-budget.ts';
import { createKeys } from '../keyboard.ts';
import { ActButton } from './act-button.tsx';
import { BudgetDialog } from './budget-dialog.tsx';
import { confirm } from './confirm.tsx';

export interface SessionActsProps {
  session: SessionView;
  onChanged: (session: SessionView) => void;
  onDeleted: (id: string) => void;
}

/** The acts of a session: each state has its own. What weighs asks first, names the session and takes the reason. */
export function SessionActs(props: SessionActsProps) {
  const [failure, setFailure] = createSignal<string | null>(null);
  const [isSending, setSending] = createSignal(false);
  let menu: HTMLDialogElement | undefined;
  let prompt: HTMLDialogElement | undefined;
  let budget: HTMLDialogElement | undefined;
  /** As they were when the dialog opened: what is typed into it must not go when the session changes. */
  const [spent, setSpent] = createSignal<readonly SpentBudget[]>([]);
  const acts = () => actsOf(props.session);
  const ask = async (act: SessionAct, fields: ActFields) => {
    const { id } = props.session;
    const session = await askSession(id, act, fields);
    if (session) props.onChanged(session);
    else props.onDeleted(id);
  };
  const atOnce = async (act: SessionAct) => {
    setSending(true);
    setFailure(null);
    await ask(act, {}).catch((error: unknown) => setFailure(messageOf(error)));
    setSending(false);
  };
  /** Decided by what it is now: what is shown may be a moment older than what its last tasks used. */
  const resume = async () => {
    const now = await api.session(props.session.id).catch(() => null);
    if (setSpent(spentBudgets(now ?? props.session)).length > 0) budget?.showModal();
    else weigh('resume');
  };
  const press = (act: SessionAct) => {
    menu?.close();
    setFailure(null);
    if (act === 'prompt') return prompt?.showModal();
    if (act === 'resume') return void resume();
    weigh(act);
  };
  const weigh = (act: SessionAct) => {
    const { consequence, ...weight } = WEIGHT[act];
    if (consequence === null) return void atOnce(act);
    confirm({
      title: `${weight.name} session`,
      object: props.session.title,
      consequence: `${consequence} ${blastOf(props.session)}`,
      verb: `${weight.name} it`,
      needs: 'sessions.write',
      reason: weight.reason,
      ...(act === 'delete' ? { typed: typedOf(props.session.id) } : {}),
      act: (reason) => ask(act, reason === '' ? {} : { reason }),
    });
  };
  createKeys('Session', [{ key: '!', help: 'acts', act: () => menu?.showModal() }]);
  return (
    <>
      <div class="acts push">
        <Show when={failure()}>
          <span class="fail clip" role="alert">
            ✕ {failure()}
          </span>
        </Show>
        <For each={acts()}>
          {(act) => (
            <ActButton
              needs="sessions.write"
              class={act === 'start' || act === 'resume' ? 'main' : WEIGHT[act].isGrave ? 'grave' : ''}
              disabled={isSending()}
              onClick={() => press(act)}
            >
              {WEIGHT[act].name}
            </ActButton>
          )}
        </For>
      </div>
      <ActMenu ref={(dialog) => (menu = dialog)} acts={acts()} onPress={press} />
      <PromptDialog
        ref={(dialog) => (prompt = dialog)}
        title={props.session.title}
        send={(text) => ask('prompt', { prompt: text })}
      />
      <BudgetDialog
        ref={(dialog) => (budget = dialog)}
        title={props.session.title}
        spent={spent()}
        send={(fields) => ask('resume', fields)}
      />
    </>
  );
}

function ActMenu(props: {
  ref: (dialog: HTMLDialogElement) => void;
  acts: readonly SessionAct[];
  onPress: (act: SessionAct) => void;
}) {
  const press = (event: KeyboardEvent) => {
    const act = props.acts.find((one) => ACT_KEYS[one] === event.key);
    if (!act || whyNot('sessions.write')) return;
    event.preventDefault();
    props.onPress(act);
  };
  return (
    <dialog ref={props.ref} class="menu" aria-labelledby="act-menu" onKeyDown={press}>
      <h2 id="act-menu">Acts</h2>
      <For each={props.acts}>
        {(act) => (
          <ActButton needs="sessions.write" class="row" onClick={() => props.onPress(act)}>
            <kbd>{ACT_KEYS[act]}</kbd> {WEIGHT[act].name}
          </ActButton>
        )}
      </For>
    </dialog>
  );
}

interface PromptProps {
  ref: (dialog: HTMLDialogElement) => void;
  title: string;
  send: (text: string) => Promise<void>;
}

function PromptDialog(props: PromptProps) {
  const [failure, setFailure] = createSignal<string | null>(null);
  let dialog: HTMLDialogElement | undefined;
  const send = async (form: HTMLFormElement) => {
    setFailure(null);
    try {
      await props.send(String(new FormData(form).get('prompt') ?? ''));
      form.reset();
      dialog?.close();
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  return (
    <dialog
      ref={(element) => {
        dialog = element;
        props.ref(element);
      }}
      aria-labelledby="prompt-session"
    >
      <h2 id="prompt-session">Ask for more</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send(event.currentTarget);
        }}
      >
        <p>{props.title}</p>
        <p class="dim">It becomes a further task, after all that nothing waits for yet.</p>
        <label>
          <span class="legend">Prompt</span>
          <textarea name="prompt" required maxLength={10_000} rows={5} autofocus />
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
            Ask
          </button>
        </div>
      </form>
    </dialog>
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
