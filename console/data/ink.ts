/** Colours of the tokens for canvases, as they are in the theme of now. Only the page itself can say them. */
let probe: HTMLElement | undefined;

/** The colour of the token `--name`, as canvases take it. */
export function inkOf(name: string): string {
  if (!probe) {
    probe = document.createElement('i');
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

/** Calls `then` after the theme changed; the returned function ends it. */
export function whenInkChanges(then: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: light)');
  const chosen = new MutationObserver(then);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  system.addEventListener('change', then);
  return () => {
    chosen.disconnect();
    system.removeEventListener('change', then);
  };
}
