/** A message that passes, as `oio traffic` shows it. */
export interface Passing {
  /** When it was sent, or where that is not told, when it came; ISO 8601. */
  readonly at: string;
  readonly subject: string;
  /** Place in the stream of events; null where the subject is of no stream. */
  readonly seq: number | null;
  readonly body: unknown;
}
