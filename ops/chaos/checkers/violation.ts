/** What a checker found: something that must never be. */
export interface Violation {
  readonly kind:
    | 'lost'
    | 'doubled'
    | 'disorder'
    | 'forged'
    | 'stale'
    | 'money'
    | 'effect'
    | 'lock'
    | 'timer'
    | 'chain'
    | 'event'
    | 'dead-letter'
    | 'liveness';
  /** A sentence with the evidence in it. */
  readonly text: string;
}
