/**
 * What stands around every screen: the link past it, the strip of readings, the navigation, help, palette, the dialog of
 * weighty acts, and the one line of the tab.
 */
import { A, type RouteSectionProps, useNavigate } from '@solidjs/router';
import { ErrorBoundary, For, Suspense } from 'solid-js';
import { type ConsoleData, createConsole } from '../data/create-console.ts';
import type { Command } from '../data/palette.ts';
import { setTheme } from '../data/theme.ts';
import { ConsoleContext } from '../data/use-console.ts';
import { createKeyboard, createKeys, keyGroups } from '../keyboard.ts';
import { SCREENS } from '../screens.ts';
import { ConfirmDialog } from './confirm.tsx';
import { KeyHelp } from './key-help.tsx';
import { Palette } from './palette.tsx';
import { StaleNotice } from './stale-notice.tsx';
import { StatusStrip } from './status-strip.tsx';

export function Shell(props: RouteSectionProps) {
  const data = createConsole();
  const navigate = useNavigate();
  let help: HTMLDialogElement | undefined;
  let palette: HTMLDialogElement | undefined;
  createKeyboard();
  createKeys('Everywhere', [
    { key: ':', help: 'palette: go to, or do', act: () => palette?.showModal() },
    { key: '?', help: 'this help', act: () => help?.showModal() },
    { key: 'y', help: 'copy the address of what is shown', act: () => void copyAddress() },
    ...SCREENS.map(({ path, name, letter }) => ({
      key: `g ${letter}`,
      help: name.toLowerCase(),
      act: () => navigate(path),
    })),
  ]);
  return (
    <ConsoleContext.Provider value={data}>
      <a class="skip" href="#main">
        Skip to the screen
      </a>
      <div class="page">
        <header>
          <StatusStrip data={data} />
          <Navigation />
        </header>
        <main id="main" tabindex="-1">
          <StaleNotice line={data.line()} nowSeconds={data.nowSeconds()} onRetry={data.retryNow} />
          <ErrorBoundary fallback={(error, reset) => <Broken error={error} onReset={reset} />}>
            <Suspense fallback={<p class="notice">READING THE SCREEN …</p>}>{props.children}</Suspense>
          </ErrorBoundary>
        </main>
        <KeyLine />
      </div>
      <KeyHelp
        ref={(dialog) => {
          help = dialog;
        }}
      />
      <Palette
        ref={(dialog) => {
          palette = dialog;
        }}
        commands={() => commandsOf(data, navigate)}
      />
      <ConfirmDialog />
    </ConsoleContext.Provider>
  );
}

function Navigation() {
  return (
    <nav aria-label="Screens">
      <For each={SCREENS}>
        {(screen) => (
          <A href={screen.path} end={screen.path === '/'} title={screen.question}>
            {screen.name}{' '}
            <span class="letter" aria-hidden="true">
              g {screen.letter}
            </span>
          </A>
        )}
      </For>
      <a class="push" href="/docs/" target="_self">
        Interface reference
      </a>
    </nav>
  );
}

/** The keys of the screen that is shown, as many as one line has room for, each whole; and the key that shows them all. */
function KeyLine() {
  const keys = () => [...keyGroups()].reverse().flatMap((group) => group.keys);
  const shown = () =>
    keys().filter(({ key }) => key !== '?' && !key.startsWith('g ') && !key.startsWith('Arrow'));
  return (
    <footer class="keys">
      <div class="hints">
        <For each={shown()}>
          {(key) => (
            <span>
              <kbd>{key.key}</kbd> {key.help}
            </span>
          )}
        </For>
      </div>
      <span>
        <kbd>?</kbd> all keys
      </span>
    </footer>
  );
}

/** A screen that failed to draw or to load; the shell stays. */
function Broken(props: { error: unknown; onReset: () => void }) {
  return (
    <div class="notice fail" role="alert">
      <strong>✕ THIS SCREEN CANNOT BE SHOWN</strong>
      {props.error instanceof Error ? props.error.message : String(props.error)}
      <div>
        <button type="button" onClick={() => props.onReset()}>
          Try again
        </button>
      </div>
    </div>
  );
}

function commandsOf(data: ConsoleData, navigate: (path: string) => void): Command[] {
  const themes = ['dark', 'light', 'system'] as const;
  return [
    ...keyGroups().flatMap((group) =>
      group.keys
        .filter((key) => key.key !== ':')
        .map(({ key, help, act }) => ({ name: help, kind: group.name.toLowerCase(), keys: key, act })),
    ),
    ...themes.map((theme) => ({ name: `${theme} theme`, kind: 'look', act: () => setTheme(theme) })),
    ...data.sessions.items.map(({ id, title }) => ({
      name: title,
      kind: 'session',
      act: () => navigate(`/sessions/${id}`),
    })),
  ];
}

/** Without a secure context there is no clipboard: the address stands in the browser's own line. */
async function copyAddress(): Promise<void> {
  await navigator.clipboard?.writeText(location.href);
}
