import pg from 'pg';
import type { Queries } from './database.js';

/** hale's own PostgreSQL under the name that acting on it would have: by the identity of its cluster, whatever address leads there. */
export async function postgresIdentity(queries: Queries): Promise<string | undefined> {
  try {
    const { rows } = await queries.query<{ id: string }>('select system_identifier::text as id from pg_control_system()');
    return rows[0] && `postgres/${rows[0].id}`;
  } catch {
    return undefined; // Not allowed to ask, or away: the target's own name is then an address, which tells nothing.
  }
}

/** `host:port` of where hale's own PostgreSQL is reached; a socket is this machine's. */
export function postgresAddress({ options }: pg.Pool): string {
  // Not connected: it only reads the URL, and what the environment adds to it, as the pool does.
  const { host, port } = new pg.Client(options);
  return `${host.startsWith('/') ? 'localhost' : host}:${port}`;
}
