import { createEffect, createMemo, createSignal, on, Show } from 'solid-js';
import { changedLines, draftOf, readDraft } from '../data/letter-draft.ts';
import type { Letter } from '../data/letters-api.ts';
import { Part } from './pane.tsx';

export interface LetterEditorProps {
  letter: Letter;
  ref: (area: HTMLTextAreaElement) => void;
  onKeep: (draft: { message: { type: string }; to?: string; lines: number }) => void;
}

/** The message that is sent when the letter is replayed: JSON, checked while it is typed. */
export function LetterEditor(props: LetterEditorProps) {
  // By value: the next reading of the same letter must not take away what was typed.
  const before = createMemo(() => draftOf(props.letter));
  const [text, setText] = createSignal(before());
  const [to, setTo] = createSignal('');
  // An effect runs when what it reads was set, be it to the same: a memo passes on what differs.
  const id = createMemo(() => props.letter.id);
  createEffect(on([id, before], () => setText(before()), { defer: true }));
  const draft = createMemo(() => readDraft(text()));
  const fault = () => {
    const read = draft();
    return 'fault' in read ? read.fault : '';
  };
  const lines = () => changedLines(before(), text());
  const needsAddress = () => props.letter.address === null;
  const keep = () => {
    const read = draft();
    if ('fault' in read || (lines() === 0 && !needsAddress())) return;
    props.onKeep({ message: read.message, lines: lines(), ...(to() ? { to: to() } : {}) });
  };
  const press = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }) => {
    if (event.key === 'Escape') event.currentTarget.blur();
    else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) keep();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <Part
      name={props.letter.is_edited ? 'Message, edited' : 'Message'}
      note={lines() === 0 ? 'as it is sent' : `${lines()} lines differ, not kept yet`}
    >
      <form
        class="letter-editor"
        onSubmit={(event) => {
          event.preventDefault();
          keep();
        }}
      >
        <textarea
          ref={props.ref}
          name="message"
          aria-label="Message as JSON"
          aria-describedby="draft-fault"
          aria-invalid={fault() !== ''}
          spellcheck={false}
          rows={Math.min(16, text().split('\n').length + 1)}
          readonly={props.letter.status !== 'open'}
          value={text()}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={press}
        />
        <Show when={needsAddress()}>
          <label>
            <span class="legend">For: type/tenant/id</span>
            <input value={to()} onInput={(event) => setTo(event.currentTarget.value)} />
          </label>
        </Show>
        <div class="editor-foot">
          <span id="draft-fault" class={fault() ? 'fail' : 'dim'} aria-live="polite">
            {fault() ? `✕ ${fault()}` : '■ JSON, and says its type'}
          </span>
          <button
            type="submit"
            disabled={fault() !== '' || (lines() === 0 && !needsAddress()) || props.letter.status !== 'open'}
          >
            Keep the edit <kbd>ctrl ⏎</kbd>
          </button>
        </div>
      </form>
    </Part>
  );
}
