/** Looks now and then whether copies of repositories can go (`reaper.ts`): what an agent's process is told of it, and does. */
import { z } from 'zod';
import type { Logger } from '#actors/remote/sdk/logger.ts';
import type { ReapLimits } from './reaper.ts';
import type { Workspaces } from './workspaces.ts';

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Variables of an agent's process. */
export const KEEP_SETTINGS = {
  /** Copies of repositories go when they were unused for so long, or when all take more room than this. */
  OIO_KEEP_DAYS: z.coerce.number().min(1).max(3_650).default(14),
  OIO_KEEP_GB: z.coerce.number().min(0.1).max(100_000).default(20),
} as const;

type KeepSettings = { readonly OIO_KEEP_DAYS: number; readonly OIO_KEEP_GB: number };

export function readKeep({ OIO_KEEP_DAYS, OIO_KEEP_GB }: KeepSettings): ReapLimits {
  return { ageMs: OIO_KEEP_DAYS * DAY_MS, bytesMax: OIO_KEEP_GB * 1024 ** 3 };
}

/** The first look is at once. It holds no process, and never looks twice at a time. */
export function startReaping(
  workspaces: Pick<Workspaces, 'reap'>,
  limits: ReapLimits,
  logger: Logger,
): () => void {
  let isBusy = false;
  const look = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    try {
      const { removed, failures, bytes } = await workspaces.reap(limits);
      for (const store of removed) logger.info({ ...store }, 'repository copy removed');
      for (const failure of failures) logger.warn({ err: failure }, 'repository copy stays');
      logger.debug({ bytes }, 'repository copies looked at');
    } catch (error) {
      logger.error({ err: error }, 'repository copies could not be looked at');
    } finally {
      isBusy = false;
    }
  };
  void look();
  const timer = setInterval(() => void look(), EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
