import type { ParentProps } from 'solid-js';
import type { Action } from '#protocols/access.ts';
import { whyNot } from '../data/create-access.ts';

export interface ActButtonProps {
  /** What one must be allowed. */
  needs: Action;
  class?: string;
  type?: 'submit';
  disabled?: boolean;
  onClick?: () => void;
}

/** A button of an act: where the role forbids it, it cannot be pressed and says why. */
export function ActButton(props: ParentProps<ActButtonProps>) {
  return (
    <button
      type={props.type ?? 'button'}
      class={props.class}
      disabled={props.disabled || whyNot(props.needs) !== undefined}
      title={whyNot(props.needs)}
      onClick={() => props.onClick?.()}
    >
      {props.children}
    </button>
  );
}
