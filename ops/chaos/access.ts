/** How one process reaches the servers: by proxies of its own, so that it can be cut off alone. */
import { CommitTap } from './commit-tap.ts';
import { PublishTap } from './publish-tap.ts';
import { TcpProxy } from './tcp-proxy.ts';

export class Access {
  readonly nats: readonly TcpProxy[];
  readonly postgres: TcpProxy;
  readonly commits: CommitTap;
  readonly publications: PublishTap;

  private constructor(parts: Pick<Access, 'nats' | 'postgres' | 'commits' | 'publications'>) {
    this.nats = parts.nats;
    this.postgres = parts.postgres;
    this.commits = parts.commits;
    this.publications = parts.publications;
  }

  static async open(natsPorts: readonly number[], postgresPort: number): Promise<Access> {
    const [commits, publications] = [new CommitTap(), new PublishTap()];
    const nats = await Promise.all(natsPorts.map((port) => TcpProxy.open(port, () => publications.tap())));
    const postgres = await TcpProxy.open(postgresPort, () => commits.tap());
    return new Access({ nats, postgres, commits, publications });
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
    this.publications.disarm();
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
