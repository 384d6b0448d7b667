/** Assertions: what must be true if the code has no bug. They stay on in production. */

/** A bug in our own code, or a promise of a library that did not hold. Supervision deals with it. */
export class Defect extends Error {
  override name = 'Defect';
}

/** Throws a Defect unless `condition` holds. `claim` is a sentence that is true when all is well. */
export function assert(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new Defect(`not true: ${claim}`);
}

/** Marks a branch that the types rule out. */
export function unreachable(value: never): never {
  throw new Defect(`unreachable: ${JSON.stringify(value)}`);
}
