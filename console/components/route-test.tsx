/** A test of routing: who would get such a task now, and what each candidate's score is made of. */
import { createSignal, For, onMount, Show } from 'solid-js';
import { agentsApi, type Route } from '../data/agents-api.ts';
import { createQuery } from '../data/create-query.ts';
import { formulaOf, sharesOf, termNames, toRouteAsk } from '../data/route-terms.ts';
import { Pane } from './pane.tsx';

const COMPLEXITIES = ['', 'trivial', 'simple', 'moderate', 'complex', 'expert'] as const;
const TIERS = ['', 'elite', 'advanced', 'competent', 'trainee', 'degraded'] as const;

export interface RouteTestProps {
  /** What agents can: proposed where a need is typed. No list opens there: it would take Escape for itself. */
  abilities: readonly string[];
  onPick: (agentId: string) => void;
  onClose: () => void;
}

export function RouteTest(props: RouteTestProps) {
  const [need, setNeed] = createQuery('need');
  const [tech, setTech] = createQuery('tech');
  const [complexity, setComplexity] = createQuery('complexity');
  const [tier, setTier] = createQuery('tier');
  const [route, setRoute] = createSignal<Route | null>(null);
  const [failure, setFailure] = createSignal('');
  const ask = async () => {
    setFailure('');
    try {
      const question = { need: need(), tech: tech(), complexity: complexity(), tier: tier() };
      setRoute(await agentsApi.route(toRouteAsk(question) as Parameters<typeof agentsApi.route>[0]));
    } catch (error) {
      setRoute(null);
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  let first: HTMLInputElement | undefined;
  onMount(() => {
    first?.focus();
    // An address that was passed on asks at once.
    if (need() || tech() || complexity() || tier()) void ask();
  });
  return (
    <Pane name="Route test" title="who would get this task now; nothing is assigned" onClose={props.onClose}>
      <form
        class="route-form"
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
        <label>
          <span class="legend">Needs</span>
          <input
            ref={first}
            value={need()}
            placeholder={props.abilities.slice(0, 3).join(', ')}
            title={props.abilities.join(', ')}
            onChange={(event) => setNeed(event.currentTarget.value)}
          />
        </label>
        <label>
          <span class="legend">Technologies</span>
          <input
            value={tech()}
            placeholder="typescript"
            onChange={(event) => setTech(event.currentTarget.value)}
          />
        </label>
        <Choice name="Complexity" options={COMPLEXITIES} value={complexity()} onChoose={setComplexity} />
        <Choice name="At least" options={TIERS} value={tier()} onChoose={setTier} />
        <button type="submit" class="main">
          Ask
        </button>
      </form>
      <Show when={failure()}>
        <p class="line warn" role="alert">
          ▲ {failure()}
        </p>
      </Show>
      <Show when={route()}>{(found) => <Scores route={found()} onPick={props.onPick} />}</Show>
    </Pane>
  );
}

function Choice(props: {
  name: string;
  options: readonly string[];
  value: string;
  onChoose: (value: string) => void;
}) {
  return (
    <label>
      <span class="legend">{props.name}</span>
      <select value={props.value} onChange={(event) => props.onChoose(event.currentTarget.value)}>
        <For each={props.options}>{(option) => <option value={option}>{option || 'any'}</option>}</For>
      </select>
    </label>
  );
}

/** A row a candidate, a column a term: what it adds, and how much of what it could. */
function Scores(props: { route: Route; onPick: (agentId: string) => void }) {
  const names = () => termNames(props.route.candidates);
  const weightOf = (name: string) =>
    props.route.candidates[0]?.terms.find((term) => term.name === name)?.weight ?? 0;
  return (
    <table class="grid scores">
      <caption class="unseen">Candidates, the best first, with what each term adds to the score</caption>
      <thead>
        <tr>
          <th scope="col">Candidate</th>
          <th scope="col" class="number">
            Score
          </th>
          <th scope="col" class="number extra">
            Sum × tier
          </th>
          <For each={names()}>
            {(name) => (
              <th scope="col" class="number extra">
                {name.replaceAll('_', ' ')}
                <br />× {weightOf(name)}
              </th>
            )}
          </For>
        </tr>
      </thead>
      <tbody>
        <For each={props.route.candidates}>
          {(candidate, at) => (
            <tr class={at() === 0 ? 'chosen' : ''}>
              <td>
                <button type="button" class="name" onClick={() => props.onPick(candidate.agent_id)}>
                  {at() === 0 ? '▶' : at() + 1} {candidate.agent_id}
                </button>
              </td>
              <td class="number">
                <strong class={at() === 0 ? 'run' : ''}>{candidate.score.toFixed(3)}</strong>
              </td>
              <td class="number dim extra" title={candidate.tier}>
                {formulaOf(candidate)}
              </td>
              <For each={sharesOf(candidate)}>
                {(term) => (
                  <td class="number extra">
                    <span class="gauge" aria-hidden="true">
                      <i style={{ width: `${term.share * 100}%` }} />
                    </span>
                    {term.points.toFixed(3)}
                  </td>
                )}
              </For>
            </tr>
          )}
        </For>
      </tbody>
    </table>
  );
}
