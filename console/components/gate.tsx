/** The console, or the page that asks for a key where the gateway wants one: then nothing else is shown, and nothing read. */
import { lazy, onMount, type ParentProps, Show, Suspense } from 'solid-js';
import { readMe } from '../data/access-api.ts';
import { isKeyWanted } from '../data/create-access.ts';

const Login = lazy(async () => ({ default: (await import('../pages/login.tsx')).Login }));

export function Gate(props: ParentProps) {
  onMount(() => void readMe());
  return (
    <Show when={isKeyWanted()} fallback={props.children}>
      <Suspense>
        <Login />
      </Suspense>
    </Show>
  );
}
