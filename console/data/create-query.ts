/**
 * What a screen shows stands in its address, so that it can be passed on: filters, the selected row, the open pane.
 *
 *     const [filter, setFilter] = createQuery('filter');
 *     const [selectedId, select] = createQuery('session');
 *
 * The value is '' where the address does not say. Setting it replaces the address, it adds nothing to the history: the
 * way back leads to the screen before, not through every letter that was typed.
 */
import { useSearchParams } from '@solidjs/router';
import type { Accessor } from 'solid-js';

export function createQuery(name: string): [Accessor<string>, (value: string | null) => void] {
  const [query, setQuery] = useSearchParams();
  const read = () => {
    const value = query[name];
    return (Array.isArray(value) ? value[0] : value) ?? '';
  };
  const write = (value: string | null) => {
    if ((value ?? '') === read()) return;
    setQuery({ [name]: value || null }, { replace: true, scroll: false });
  };
  return [read, write];
}
