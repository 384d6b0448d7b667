import { createSignal, For, Show } from 'solid-js';
import type { SessionView } from '#protocols/http/session.ts';
import { ApiFailure, api, newKey, type SessionWish } from '../data/api.ts';
import { ActButton } from './act-button.tsx';

const TEMPLATES = ['none', 'security', 'microservice', 'crud', 'ui', 'web_service', 'refactoring'];

const STRATEGIES = ['temporal', 'capability'] as const;

export interface NewSessionProps {
  ref: (dialog: HTMLDialogElement) => void;
  /** It was created; started as well where that was asked for and went through. */
  onCreated: (session: SessionView) => void;
  /** All that was asked for is done. */
  onDone?: (session: SessionView) => void;
}

/** The form of a new session. What cannot be sent twice is sent with a key that stays until the form changes. */
export function NewSession(props: NewSessionProps) {
  const [failure, setFailure] = createSignal<ApiFailure | null>(null);
  const [isSending, setSending] = createSignal(false);
  let dialog: HTMLDialogElement | undefined;
  let form: HTMLFormElement | undefined;
  let key = newKey();
  const faultOf = (path: string) => failure()?.faults.find((fault) => fault.path === path)?.message;
  const general = () => (failure() && failure()?.faults.length === 0 ? failure()?.message : null);
  const send = async (isStarted: boolean) => {
    if (!form?.reportValidity() || isSending()) return;
    setSending(true);
    setFailure(null);
    try {
      let session = await api.create(readWish(form), key);
      props.onCreated(session);
      if (isStarted) session = (await api.act(session.id, 'start', { key: `${key}-start` })) ?? session;
      props.onCreated(session);
      key = newKey();
      form.reset();
      dialog?.close();
      props.onDone?.(session);
    } catch (error) {
      setFailure(error instanceof ApiFailure ? error : new ApiFailure(String(error), null));
    } finally {
      setSending(false);
    }
  };
  return (
    <dialog
      ref={(element) => {
        dialog = element;
        props.ref(element);
      }}
      aria-labelledby="new-session"
    >
      <h2 id="new-session">New session</h2>
      <form
        ref={form}
        onInput={() => {
          key = newKey();
        }}
        onSubmit={(event) => {
          event.preventDefault();
          void send(true);
        }}
      >
        <Field name="title" legend="Title" fault={faultOf('title')}>
          <input
            name="title"
            required
            minLength={3}
            maxLength={200}
            placeholder="Make the tests pass"
            autofocus
          />
        </Field>
        <Field name="prompt" legend="Prompt" fault={faultOf('initial_prompt')}>
          <textarea
            name="prompt"
            required
            maxLength={10_000}
            rows={6}
            placeholder="What shall be done, and how it shows."
          />
        </Field>
        <div class="pair">
          <Field name="repo" legend="Repository" fault={faultOf('workspace.repo')}>
            <input name="repo" maxLength={2_000} placeholder="git URL or absolute path" />
          </Field>
          <Field name="base_ref" legend="From" fault={faultOf('workspace.base_ref')}>
            <input name="base_ref" maxLength={255} placeholder="HEAD" />
          </Field>
        </div>
        <div class="pair">
          <Field name="template" legend="Templates" fault={faultOf('template') ?? faultOf('templates')}>
            <input
              name="template"
              maxLength={650}
              list="templates"
              placeholder="the best match; a, b: both"
            />
            <datalist id="templates">
              <For each={TEMPLATES}>{(template) => <option value={template} />}</For>
            </datalist>
          </Field>
          <Field name="strategy" legend="Laid out" fault={faultOf('strategy')}>
            <select name="strategy">
              <option value="">as the templates do</option>
              <option value="temporal">in phases</option>
              <option value="capability">by capability</option>
            </select>
          </Field>
        </div>
        <Show when={general()}>
          <p class="fault" role="alert">
            ✕ {general()}
          </p>
        </Show>
        <div class="foot">
          <button type="button" onClick={() => dialog?.close()}>
            Close
          </button>
          <ActButton needs="sessions.write" disabled={isSending()} onClick={() => void send(false)}>
            Create only
          </ActButton>
          <ActButton needs="sessions.write" type="submit" class="main" disabled={isSending()}>
            {isSending() ? 'Sending …' : 'Create and start'}
          </ActButton>
        </div>
      </form>
    </dialog>
  );
}

function Field(props: {
  name: string;
  legend: string;
  fault: string | undefined;
  children: import('solid-js').JSX.Element;
}) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children.
    <label>
      <span class="legend">{props.legend}</span>
      {props.children}
      <Show when={props.fault}>
        <span class="fault" role="alert">
          ✕ {props.fault}
        </span>
      </Show>
    </label>
  );
}

function readWish(form: HTMLFormElement): SessionWish {
  const data = new FormData(form);
  const field = (name: string) => String(data.get(name) ?? '').trim();
  const [repo, base_ref] = [field('repo'), field('base_ref')];
  const [template, ...others] = field('template')
    .split(/[\s,]+/)
    .filter((name) => name !== '');
  const strategy = STRATEGIES.find((one) => one === field('strategy'));
  return {
    title: field('title'),
    initial_prompt: field('prompt'),
    ...(repo === '' ? {} : { workspace: { repo, ...(base_ref === '' ? {} : { base_ref }) } }),
    ...(template === undefined
      ? {}
      : others.length === 0
        ? { template }
        : { templates: [template, ...others] }),
    ...(strategy === undefined ? {} : { strategy }),
  };
}
