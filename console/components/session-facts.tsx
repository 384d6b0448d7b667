import { For, Show } from 'solid-js';
import type { SessionView } from '#protocols/http/session.ts';
import { shortSpan } from '../data/figures.ts';

/** What a session says of itself beside its figures: what was asked, where, why it is where it is, what came of it. */
export function SessionFacts(props: { session: SessionView }) {
  const session = () => props.session;
  return (
    <div class="pane">
      <Show when={session().error}>
        <p class="said fail">{session().error}</p>
      </Show>
      <Show when={session().result?.summary}>
        <p class="said">{session().result?.summary}</p>
      </Show>
      <dl class="facts">
        <Fact name="id" value={session().id} />
        <Fact name="run" value={`${session().run}, ${session().retry_count} of 3 retries`} />
        <Fact name="by" value={session().created_by} />
        <Fact name="type" value={`${session().session_type} · ${session().priority}`} />
        <Fact name="time limit" value={shortSpan(session().max_duration_seconds)} />
        <Show when={session().model}>{(model) => <Fact name="model" value={model()} />}</Show>
        <Show when={session().used_template}>
          {(template) => <Fact name="template" value={template()} />}
        </Show>
        <Show when={session().workspace}>
          {(workspace) => <Fact name="repository" value={`${workspace().repo} @ ${workspace().base_ref}`} />}
        </Show>
        <Show when={session().status_detail}>
          {(detail) => <Fact name="waits for" value={detail().replaceAll('_', ' ')} />}
        </Show>
        <Show when={session().queue}>
          {(queue) => (
            <Fact
              name="queue"
              value={`place ${queue().position ?? '–'}, waits for ${queue().waits_for?.replaceAll('_', ' ') ?? 'nothing'}`}
            />
          )}
        </Show>
        <Show when={session().state_reason}>{(reason) => <Fact name="reason" value={reason()} />}</Show>
        <For each={session().result?.branches}>{(branch) => <Fact name="branch" value={branch} />}</For>
        <Show when={session().tags.length > 0}>
          <Fact name="tags" value={session().tags.join(', ')} />
        </Show>
      </dl>
      <For each={session().warnings}>{(warning) => <p class="warn">▲ {warning}</p>}</For>
      <p class="legend">prompt</p>
      <p class="said">{session().initial_prompt}</p>
      <Show when={session().description}>
        <p class="said dim">{session().description}</p>
      </Show>
    </div>
  );
}

export function Fact(props: { name: string; value: string }) {
  return (
    <div title={props.value}>
      <dt>{props.name}</dt>
      <dd class="clip">{props.value}</dd>
    </div>
  );
}
