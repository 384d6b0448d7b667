/** Looks now and then whether copies of repositories can go (`reaper.ts`). */
import type { Reaped, ReapLimits } from './reaper.ts';
import type { Workspaces } from './workspaces.ts';

const EVERY_MS = 3_600_000;

export type ReapReport = {
  readonly onReaped: (reaped: Reaped) => void;
  readonly onError: (error: unknown) => void;
};

/** The first look is at once. Returns what ends it; it holds no process. */
export function startReaping(
  workspaces: Pick<Workspaces, 'reap'>,
  limits: ReapLimits,
  report: ReapReport,
): () => void {
  let isBusy = false;
  const look = (): void => {
    if (isBusy) return;
    isBusy = true;
    workspaces
      .reap(limits)
      .then(report.onReaped, report.onError)
      .finally(() => {
        isBusy = false;
      });
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
