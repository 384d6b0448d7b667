/** The one console data of the tab, for whatever stands in the shell. */
import { createContext, useContext } from 'solid-js';
import type { ConsoleData } from './create-console.ts';

export const ConsoleContext = createContext<ConsoleData>();

/** Throws outside the shell. */
export function useConsole(): ConsoleData {
  const data = useContext(ConsoleContext);
  if (!data) throw new Error('useConsole() is called inside the shell');
  return data;
}
