/**
 * A resource that a lock guards, as small as can be: a value in Postgres that takes no write with a smaller token than
 * it has seen. The comparison and the write are one statement, so that nothing comes between them.
 */
import type postgres from 'postgres';

export async function createRegister(sql: postgres.Sql): Promise<void> {
  await sql`CREATE TABLE register (name text PRIMARY KEY, token bigint NOT NULL, value text NOT NULL)`;
  await sql`CREATE TABLE register_writes (n bigserial PRIMARY KEY, name text, token bigint, value text)`;
}

/** Whether the write was taken. */
export async function writeRegister(
  sql: postgres.Sql,
  write: { readonly name: string; readonly token: number; readonly value: string },
): Promise<boolean> {
  const { name, token, value } = write;
  const written = await sql`
    WITH written AS (
      INSERT INTO register (name, token, value) VALUES (${name}, ${token}, ${value})
      ON CONFLICT (name) DO UPDATE SET token = excluded.token, value = excluded.value
        WHERE register.token <= excluded.token
      RETURNING name, token, value)
    INSERT INTO register_writes (name, token, value) SELECT name, token, value FROM written RETURNING n`;
  return written.length === 1;
}

/** Writes that were taken, in their order. */
export async function registerWrites(
  sql: postgres.Sql,
  name: string,
): Promise<{ token: number; value: string }[]> {
  const rows = await sql<{ token: string; value: string }[]>`
    SELECT token, value FROM register_writes WHERE name = ${name} ORDER BY n`;
  return rows.map(({ token, value }) => ({ token: Number(token), value }));
}
