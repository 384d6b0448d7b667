/**
 * What agents of a session ask of people, and how it is answered, by key too: `a y` allows once, `a a` for the session,
 * `a r` rejects, `a n` takes the next. Shown only while something waits.
 *
 *     <Approvals session={session.id} nowSeconds={nowSeconds()} />
 */
import { createSignal, For, Show } from 'solid-js';
import type { ApprovalView } from '#protocols/http/approval.ts';
import { aboutOf, answersOf, leftOf, type Way, waysOf } from '../data/approval-words.ts';
import { approvalsApi, isOfApprovals } from '../data/approvals-api.ts';
import { createPolled } from '../data/create-polled.ts';
import { createKeys } from '../keyboard.ts';
import { ActButton } from './act-button.tsx';
import { confirm } from './confirm.tsx';
import '../styles/approvals.css';

const EVERY_MS = 5_000;
const WAYS = [
  { key: 'a y', help: 'allow once what an agent asks' },
  { key: 'a a', help: 'allow it for the session' },
  { key: 'a r', help: 'reject it' },
] as const;

export function Approvals(props: { session: string; nowSeconds: number }) {
  const [selectedId, select] = createSignal('');
  const polled = createPolled(() => approvalsApi.pending(props.session), {
    everyMs: EVERY_MS,
    hears: (frame) => isOfApprovals(frame, props.session),
  });
  const waiting = () => polled.value() ?? [];
  const place = () =>
    Math.max(
      0,
      waiting().findIndex(({ id }) => id === selectedId()),
    );
  const selected = () => waiting()[place()];
  const next = () => select(waiting()[(place() + 1) % Math.max(1, waiting().length)]?.id ?? '');
  const press = (key: string) => {
    const approval = selected();
    const way = approval && waysOf(approval).find((one) => one.key === key);
    if (approval && way) decide(approval, way, polled.reload);
  };
  createKeys('Approvals', [
    ...WAYS.map(({ key, help }) => ({ key, help, act: () => press(key) })),
    { key: 'a n', help: 'next that waits for an answer', act: next },
  ]);
  return (
    <Show when={waiting().length > 0}>
      <section class="approvals" aria-label="What agents ask">
        <h3 class="legend">
          Waits for you · {waiting().length}
          <Show when={polled.phase().state === 'stale'}>
            <span class="warn"> · as it was read last</span>
          </Show>
        </h3>
        <ul>
          <For each={waiting()}>
            {(approval) => (
              <Asked
                approval={approval}
                isSelected={approval.id === selected()?.id}
                nowSeconds={props.nowSeconds}
                onSelect={() => select(approval.id)}
                onDone={polled.reload}
              />
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
}

interface AskedProps {
  approval: ApprovalView;
  isSelected: boolean;
  nowSeconds: number;
  onSelect: () => void;
  onDone: () => Promise<void>;
}

function Asked(props: AskedProps) {
  return (
    <li data-approval={props.approval.id} aria-current={props.isSelected} onFocusIn={() => props.onSelect()}>
      <p class="what">
        <b aria-hidden="true">{props.isSelected ? '▶' : '·'}</b>
        <strong class="clip" title={props.approval.title}>
          {props.approval.title}
        </strong>
        <span class="dim push">rejected in {leftOf(props.approval, props.nowSeconds)}</span>
      </p>
      <p class="dim clip">{aboutOf(props.approval)}</p>
      <Show when={detailOf(props.approval)}>{(detail) => <pre>{detail()}</pre>}</Show>
      <Show when={props.approval.ask.kind === 'input'}>
        <Questions approval={props.approval} onDone={props.onDone} />
      </Show>
      <div class="acts">
        <For each={waysOf(props.approval)}>
          {(way) => (
            <ActButton
              needs="approvals.decide"
              class={way.isGrave ? 'grave' : ''}
              onClick={() => decide(props.approval, way, props.onDone)}
            >
              {way.name} <kbd>{way.key}</kbd>
            </ActButton>
          )}
        </For>
      </div>
    </li>
  );
}

function Questions(props: { approval: ApprovalView; onDone: () => Promise<void> }) {
  const [fault, setFault] = createSignal<string | null>(null);
  const questions = () => (props.approval.ask.kind === 'input' ? props.approval.ask.questions : []);
  const send = async (form: HTMLFormElement) => {
    const answers = answersOf(questions().length, new FormData(form));
    if (!answers) {
      setFault('Each question needs an answer.');
      return;
    }
    try {
      await approvalsApi.decide(props.approval.id, { answers });
      await props.onDone();
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send(event.currentTarget);
      }}
    >
      <For each={questions()}>
        {(question, at) => (
          <fieldset>
            <legend>{question.question}</legend>
            <For each={question.options}>
              {(option) => (
                <label title={option.description}>
                  <input
                    type={question.multiple ? 'checkbox' : 'radio'}
                    name={`choice-${at()}`}
                    value={option.label}
                  />
                  {option.label}
                </label>
              )}
            </For>
            <Show when={question.custom}>
              <input name={`own-${at()}`} maxLength={2_000} aria-label="In your own words" />
            </Show>
          </fieldset>
        )}
      </For>
      <Show when={fault()}>
        <p class="fault" role="alert">
          ✕ {fault()}
        </p>
      </Show>
      <ActButton needs="approvals.decide" type="submit">
        Answer
      </ActButton>
    </form>
  );
}

function detailOf({ ask }: ApprovalView): string | undefined {
  return ask.kind === 'permission' ? ask.subject.detail : undefined;
}

/** Asks for a reason, and for nothing else: Enter is enough. */
function decide(approval: ApprovalView, way: Way, done: () => Promise<void>): void {
  confirm({
    title: way.name,
    object: approval.title,
    consequence: way.isGrave
      ? 'The agent hears that it may not, and why, and goes on without it.'
      : 'The agent goes on at once.',
    verb: way.name.toLowerCase(),
    needs: 'approvals.decide',
    reason: 'optional',
    act: async (reason) => {
      await approvalsApi.decide(approval.id, { option: way.option, ...(reason === '' ? {} : { reason }) });
      await done();
    },
  });
}
