import { For, Show } from 'solid-js';
import type { SessionView } from '#protocols/http/session.ts';
import { shortCost, shortCount, shortId } from '../data/figures.ts';

/** What a session says of itself beside its row: why it is where it is, what it used, what came of it. */
export function SessionDetail(props: { session: SessionView }) {
  const session = () => props.session;
  const said = () => session().error ?? session().result?.summary ?? null;
  return (
    <div class="detail">
      <dl>
        <Fact name="id" value={shortId(session().id)} title={session().id} />
        <Fact name="run" value={String(session().run)} />
        <Fact name="health" value={session().health_score.toFixed(1)} />
        <Fact
          name="tokens"
          value={`${shortCount(session().metrics.tokens_in)} in ${shortCount(session().metrics.tokens_out)} out`}
        />
        <Fact name="cost" value={shortCost(session().metrics.cost_usd)} />
        <Show when={session().used_template}>
          {(template) => <Fact name="template" value={template()} />}
        </Show>
        <Show when={session().workspace}>
          {(workspace) => <Fact name="repo" value={`${workspace().repo} @ ${workspace().base_ref}`} />}
        </Show>
        <Show when={session().status_detail}>{(detail) => <Fact name="waits for" value={detail()} />}</Show>
        <Show when={session().state_reason}>{(reason) => <Fact name="reason" value={reason()} />}</Show>
      </dl>
      <Show when={said()}>
        <p class={`said ${session().error ? 'fail' : ''}`}>{said()}</p>
      </Show>
      <For each={session().result?.branches}>{(branch) => <p class="dim">branch {branch}</p>}</For>
    </div>
  );
}

function Fact(props: { name: string; value: string; title?: string }) {
  return (
    <div title={props.title ?? props.value}>
      <dt>{props.name}</dt>
      <dd class="clip">{props.value}</dd>
    </div>
  );
}
