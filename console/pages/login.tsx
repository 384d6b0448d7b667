import { createSignal, Show } from 'solid-js';
import { logIn } from '../data/access-api.ts';

/** Asks for a key. It goes to the gateway, which gives a cookie for it, and is kept nowhere here. */
export function Login() {
  const [failure, setFailure] = createSignal<string | null>(null);
  const [isSending, setSending] = createSignal(false);
  const send = async (form: HTMLFormElement) => {
    setSending(true);
    setFailure(null);
    const key = String(new FormData(form).get('key') ?? '').trim();
    await logIn(key).catch((error: unknown) =>
      setFailure(error instanceof Error ? error.message : String(error)),
    );
    setSending(false);
  };
  return (
    <main class="login">
      <h1>OIO</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send(event.currentTarget);
        }}
      >
        <label>
          <span class="legend">Key</span>
          <input
            name="key"
            type="password"
            autocomplete="current-password"
            placeholder="oio_…"
            required
            autofocus
            aria-describedby="about-key"
          />
        </label>
        <p class="dim" id="about-key">
          This gateway asks who you are. An admin makes keys: <code>oio key create</code>.
        </p>
        <Show when={failure()}>
          <p class="fault" role="alert">
            ✕ {failure()}
          </p>
        </Show>
        <button type="submit" class="main" disabled={isSending()}>
          Log in
        </button>
      </form>
    </main>
  );
}
