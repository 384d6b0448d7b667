/** One git operation at a time per repository, in the order in which they were asked. Other processes are git's own matter. */

export class RepoLock {
  readonly #tails = new Map<string, Promise<void>>();

  async run<Result>(repository: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(repository) ?? Promise.resolve();
    const mine = Promise.withResolvers<void>();
    this.#tails.set(repository, mine.promise);
    await before;
    try {
      return await work();
    } finally {
      mine.resolve();
      if (this.#tails.get(repository) === mine.promise) this.#tails.delete(repository);
    }
  }
}
