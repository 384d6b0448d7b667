/** Single keys, where nobody is typing or about to press something. */
import { onCleanup, onMount } from 'solid-js';

export function createKeys(keys: Readonly<Record<string, () => void>>): void {
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTaken(event)) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  onMount(() => document.addEventListener('keydown', press));
  onCleanup(() => document.removeEventListener('keydown', press));
}

function isTaken(event: KeyboardEvent): boolean {
  if (document.querySelector('dialog[open]')) return true;
  const { target } = event;
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches('input, textarea, select')) return true;
  // Rows are opened with Enter; the space bar is left to the page, as it is where nothing has the focus.
  if (target.matches('.row, .name')) return event.key === 'Enter';
  return target.matches('button, a, summary') && (event.key === ' ' || event.key === 'Enter');
}
