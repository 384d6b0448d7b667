import type { Look } from '../data/state-words.ts';

/** A state as mark and word; the colour only repeats them. */
export function StateWord(props: { look: Look }) {
  return (
    <span class={`state ${props.look.tone}`}>
      <b aria-hidden="true">{props.look.mark}</b>
      {props.look.word}
    </span>
  );
}
