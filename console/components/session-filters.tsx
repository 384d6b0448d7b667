import { For, Show } from 'solid-js';
import { failedOnly, PRIORITIES, type SessionsQuery, SORTS, TYPES } from '../data/sessions-query.ts';

export interface SessionFiltersProps {
  ref: (search: HTMLInputElement) => void;
  query: SessionsQuery;
  total: { readonly count: number; readonly isExact: boolean };
  isFailedOnly: boolean;
  onQuery: (query: SessionsQuery) => void;
  onNew: () => void;
}

/** What the list is narrowed to beside the states. Words are looked for by the server, in all sessions. */
export function SessionFilters(props: SessionFiltersProps) {
  const change = (part: Partial<SessionsQuery>) => props.onQuery({ ...props.query, ...part });
  return (
    <div class="tools filters">
      <search class="find">
        <input
          ref={props.ref}
          type="text"
          enterkeyhint="search"
          value={props.query.search}
          aria-label="Find sessions"
          placeholder="find: words of title, prompt, description"
          onInput={(event) => change({ search: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === 'Escape' || event.key === 'Enter') event.currentTarget.blur();
          }}
        />
      </search>
      <Choice
        name="priority"
        value={props.query.priority}
        options={PRIORITIES}
        onChoose={(priority) => change({ priority })}
      />
      <Choice name="type" value={props.query.type} options={TYPES} onChoose={(type) => change({ type })} />
      <label class="choice">
        <span class="legend">tags</span>
        <input
          value={props.query.tags.join(',')}
          placeholder="a,b"
          onChange={(event) =>
            change({
              tags: event.currentTarget.value
                .split(',')
                .map((tag) => tag.trim())
                .filter(Boolean),
            })
          }
        />
      </label>
      <label class="choice">
        <span class="legend">order</span>
        <select
          value={`${props.query.sort} ${props.query.order}`}
          onChange={(event) => {
            const [sort, order] = event.currentTarget.value.split(' ');
            change({
              sort: SORTS.find((one) => one === sort) ?? 'created',
              order: order === 'asc' ? 'asc' : 'desc',
            });
          }}
        >
          <option value="created desc">newest first</option>
          <option value="created asc">oldest first</option>
          <option value="updated desc">changed last</option>
          <option value="updated asc">changed first</option>
          <option value="title asc">title A–Z</option>
          <option value="title desc">title Z–A</option>
        </select>
      </label>
      <button
        type="button"
        aria-pressed={props.isFailedOnly}
        onClick={() => props.onQuery(failedOnly(props.query))}
      >
        ✕ failed only <kbd>f</kbd>
      </button>
      <span class="dim" role="status">
        <Show when={!props.total.isExact}>more than </Show>
        {props.total.count} fit
      </span>
      <button type="button" class="main push" onClick={() => props.onNew()}>
        New session
      </button>
    </div>
  );
}

interface ChoiceProps<Word extends string> {
  name: string;
  value: Word | null;
  options: readonly Word[];
  onChoose: (word: Word | null) => void;
}

function Choice<Word extends string>(props: ChoiceProps<Word>) {
  return (
    <label class="choice">
      <span class="legend">{props.name}</span>
      <select
        value={props.value ?? ''}
        onChange={(event) =>
          props.onChoose(props.options.find((word) => word === event.currentTarget.value) ?? null)
        }
      >
        <option value="">any</option>
        <For each={props.options}>{(word) => <option value={word}>{word}</option>}</For>
      </select>
    </label>
  );
}
