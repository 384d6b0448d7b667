/**
 * What the run keeps in Postgres beside the product's tables: the resource that the locks guard, and the true record of
 * each partition's chain of commits, written by triggers in the transaction that it tells of.
 */
import type postgres from 'postgres';
import { z } from 'zod';

const SCHEMA = `
CREATE TABLE chaos_registers (name text PRIMARY KEY, token bigint NOT NULL, writes bigint NOT NULL);
CREATE TABLE chaos_writes (name text NOT NULL, n bigint NOT NULL, token bigint NOT NULL, owner text NOT NULL);
CREATE TABLE chaos_chain (
  place bigserial PRIMARY KEY, partition int NOT NULL, epoch bigint NOT NULL, batch bigint NOT NULL,
  generation bigint NOT NULL, cursor bigint NOT NULL, control_cursor bigint NOT NULL, owner text
);
CREATE FUNCTION chaos_note_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO chaos_chain (partition, epoch, batch, generation, cursor, control_cursor, owner)
  VALUES (NEW.id, NEW.epoch, NEW.batch, NEW.generation, NEW.cursor, NEW.control_cursor, NEW.owner);
  RETURN NEW;
END $$;
CREATE TRIGGER chaos_chain AFTER UPDATE ON partitions FOR EACH ROW EXECUTE FUNCTION chaos_note_chain();
CREATE TABLE chaos_versions (name text NOT NULL, before bigint NOT NULL, after bigint NOT NULL);
CREATE FUNCTION chaos_note_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO chaos_versions VALUES (NEW.type || '/' || NEW.id, OLD.version, NEW.version);
  RETURN NEW;
END $$;
CREATE TRIGGER chaos_version AFTER UPDATE ON actors FOR EACH ROW
  WHEN (NEW.version <= OLD.version) EXECUTE FUNCTION chaos_note_version();
`;

const Write = z.object({ name: z.string(), n: z.number(), token: z.number(), owner: z.string() });
export type RegisterWrite = z.infer<typeof Write>;

const Link = z.object({
  partition: z.number(),
  epoch: z.number(),
  batch: z.number(),
  generation: z.number(),
  cursor: z.number(),
  controlCursor: z.number(),
  owner: z.string().nullable(),
});
/** A partition's row as one transaction left it. */
export type ChainLink = z.infer<typeof Link>;

export interface VersionFall {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

export async function makeRegister(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(SCHEMA);
}

/** Writes as a careful resource does: a token smaller than one it saw is refused. True where it was taken. */
export async function writeRegister(
  sql: postgres.Sql,
  write: { name: string; token: number; owner: string },
): Promise<boolean> {
  const { name, token, owner } = write;
  const rows = await sql`
    WITH taken AS (
      INSERT INTO chaos_registers AS old (name, token, writes) VALUES (${name}, ${token}, 1)
      ON CONFLICT (name) DO UPDATE SET token = excluded.token, writes = old.writes + 1
        WHERE old.token <= excluded.token
      RETURNING writes
    )
    INSERT INTO chaos_writes (name, n, token, owner)
    SELECT ${name}, taken.writes, ${token}::bigint, ${owner} FROM taken RETURNING n`;
  return rows.length > 0;
}

/** In the order in which the register took them. */
export async function readWrites(sql: postgres.Sql): Promise<RegisterWrite[]> {
  const rows = await sql`SELECT name, n::int, token::int, owner FROM chaos_writes ORDER BY name, n`;
  return rows.map((row) => Write.parse(row));
}

/** By partition, each chain in its order: its row was locked by whoever wrote it. */
export async function readChain(sql: postgres.Sql): Promise<ChainLink[]> {
  const rows = await sql`
    SELECT partition, epoch::int, batch::int, generation::int, cursor::int, control_cursor::int AS "controlCursor", owner
    FROM chaos_chain ORDER BY partition, place`;
  return rows.map((row) => Link.parse(row));
}

export async function readVersionFalls(sql: postgres.Sql): Promise<VersionFall[]> {
  const rows = await sql<{ name: string; before: number; after: number }[]>`
    SELECT name, before::int, after::int FROM chaos_versions`;
  return rows.map(({ name, before, after }) => ({ name, before, after }));
}
