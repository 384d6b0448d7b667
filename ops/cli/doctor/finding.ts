/** What a check of `oio doctor` found, and what mends it. */
export interface Finding {
  readonly name: string;
  /** `warn`: it works, and may not for long, or not all of it. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly mend: string | null;
}

export function ok(name: string, detail: string): Finding {
  return { name, status: 'ok', detail, mend: null };
}

export function warn(name: string, detail: string, mend: string): Finding {
  return { name, status: 'warn', detail, mend };
}

export function fail(name: string, detail: string, mend: string): Finding {
  return { name, status: 'fail', detail, mend };
}
