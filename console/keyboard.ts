/**
 * Keys of the console: one listener for all, so that help and palette can say what each does.
 *
 * A page says its keys once, where it is made, and they die with it:
 *
 *     createKeys('Sessions', [{ key: 'n', help: 'new session', act: openForm }]);
 *
 * A key is what KeyboardEvent calls it, `space` for the bar, or two parted by a blank that are pressed one after the other
 * (`g s`). Where two say the same key, the one that came later has it: a page before the shell, a pane before its page.
 * Nothing is heard while somebody types, a dialog is open, or the focused thing wants the key for itself.
 */
import { type Accessor, createSignal, onCleanup } from 'solid-js';

export interface Key {
  readonly key: string;
  /** What it does, in a few small words: stands in help and palette. */
  readonly help: string;
  readonly act: () => void;
}

export interface KeyGroup {
  readonly name: string;
  readonly keys: readonly Key[];
}

/** How long the second key of two may take. */
const CHORD_MS = 1_500;

/** Not in the signal itself: what a page that goes takes away while the next one comes would be lost in the transition. */
let groups: readonly KeyGroup[] = [];
const [change, setChange] = createSignal(0, { equals: false });

/** All that can be pressed now, the newest group last. */
export const keyGroups: Accessor<readonly KeyGroup[]> = () => {
  change();
  return groups;
};

export function createKeys(name: string, keys: readonly Key[]): void {
  const group = { name, keys };
  groups = [...groups, group];
  setChange(0);
  onCleanup(() => {
    groups = groups.filter((other) => other !== group);
    setChange(0);
  });
}

/** Listens for all keys of all groups. Once, in the shell. */
export function createKeyboard(): void {
  let first: { readonly key: string; readonly atMs: number } | null = null;
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTaken(event)) return;
    const name = event.key === ' ' ? 'space' : event.key;
    const begun = first && event.timeStamp - first.atMs < CHORD_MS ? `${first.key} ` : '';
    first = null;
    const found = find(begun + name) ?? find(name);
    if (found) {
      event.preventDefault();
      found.act();
    } else if (isBeginning(name)) first = { key: name, atMs: event.timeStamp };
  };
  document.addEventListener('keydown', press);
  onCleanup(() => document.removeEventListener('keydown', press));
}

function find(key: string): Key | undefined {
  return groups
    .findLast((group) => group.keys.some((one) => one.key === key))
    ?.keys.find((one) => one.key === key);
}

function isBeginning(key: string): boolean {
  return groups.some((group) => group.keys.some((one) => one.key.startsWith(`${key} `)));
}

function isTaken(event: KeyboardEvent): boolean {
  if (document.querySelector('dialog[open]')) return true;
  const { target } = event;
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches('input, textarea, select, [contenteditable]')) return true;
  // Rows are opened with Enter; the space bar is left to the page, as it is where nothing has the focus.
  if (target.matches('.row, .name')) return event.key === 'Enter';
  return target.matches('button, a, summary') && (event.key === ' ' || event.key === 'Enter');
}
