/** Dark, light, or as the system has it; kept for the next visit. */
export type Theme = 'dark' | 'light' | 'system';

const KEY = 'oio.theme';

/** Sets it and keeps it. Where nothing may be kept (a browser without storage) it holds for this page. */
export function setTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice ends with the page.
  }
}

/** As it was chosen last time. */
export function applyTheme(): void {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === 'dark' || kept === 'light') document.documentElement.dataset.theme = kept;
  } catch {
    // Without storage it is as the system has it.
  }
}
