/** How one process reaches the servers: by proxies of its own, so that it can be cut off alone. */
import { CommitTap } from './commit-tap.ts';
import { TcpProxy } from './tcp-proxy.ts';

export class Access {
  readonly nats: readonly TcpProxy[];
  readonly postgres: TcpProxy;
  readonly commits: CommitTap;

  private constructor(nats: readonly TcpProxy[], postgres: TcpProxy, commits: CommitTap) {
    this.nats = nats;
    this.postgres = postgres;
    this.commits = commits;
  }

  static async open(natsPorts: readonly number[], postgresPort: number): Promise<Access> {
    const commits = new CommitTap();
    const nats = await Promise.all(natsPorts.map((port) => TcpProxy.open(port)));
    return new Access(nats, await TcpProxy.open(postgresPort, () => commits.tap()), commits);
  }

  get all(): readonly TcpProxy[] {
    return [...this.nats, this.postgres];
  }

  get natsUrl(): string {
    return this.nats.map(({ port }) => `nats://127.0.0.1:${port}`).join(',');
  }

  /** The given address, by this proxy. */
  databaseUrl(direct: string): string {
    const url = new URL(direct);
    url.port = String(this.postgres.port);
    return url.href;
  }

  /** As it was at first. */
  heal(): void {
    this.commits.disarm();
    for (const proxy of this.all) {
      proxy.delay(0);
      proxy.refuse(false);
      proxy.silence(false);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((proxy) => proxy.close()));
  }
}
