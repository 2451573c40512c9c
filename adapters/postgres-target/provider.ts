import type pg from 'pg';
import type { Call, Provider, ReadBack, Target } from '../../activities/ports.js';
import { cancelQuery } from './cancel-query.js';
import { inSession } from './session.js';
import type { PostgresAction, Statement } from './statement.js';
import { terminateRootBlocker } from './terminate-root-blocker.js';
import { vacuum } from './vacuum.js';

const statements: Readonly<Record<PostgresAction['statement'], Statement>> = { terminateRootBlocker, cancelQuery, vacuum };

/**
 * Corrects other people's PostgreSQL with three statements and no others. Needs no superuser: `pg_monitor` to see,
 * `pg_signal_backend` to end queries and sessions, ownership or `pg_maintain` to vacuum.
 */
export function postgresProvider(): Provider<PostgresAction> {
  return {
    kind: 'postgres',
    readBackBy: () => 'identity',
    fencedBy: 'target',
    resourceOf: (target) => on(target, (session) => resourceOf(session, target.action)),
    image: (target) => on(target, (session, statement) => statement.look(session, target.action)),
    examine: (target, current) => on(target, (session, statement) => statement.examine(session, target.action, current)),
    apply: (call) =>
      on(call, async (session, statement) => {
        await statement.act(session, call);
        return statement.look(session, call.action);
      }),
    readBack: (call) => on(call, (session, statement) => readBack(session, statement, call)),
    undo: async ({ action }) => {
      throw new Error(`what ${action.statement} ended can't be brought back`);
    },
  };
}

const on = <T>(target: Target<PostgresAction>, work: (session: pg.Client, statement: Statement) => Promise<T>): Promise<T> =>
  inSession(target.action.connection, target, (session) => work(session, statements[target.action.statement]));

async function readBack(session: pg.Client, statement: Statement, { action, before }: Call<PostgresAction>): Promise<ReadBack> {
  const kind = await statement.readBack(session, action, before);
  return kind === 'applied' ? { kind, after: await statement.look(session, action) } : { kind };
}

/** The cluster has one identity, by whatever host name or pooler it is reached. */
async function resourceOf(session: pg.Client, { connection }: PostgresAction): Promise<string> {
  try {
    const { rows } = await session.query<{ id: string }>('select system_identifier::text as id from pg_control_system()');
    return `postgres/${rows[0]?.id}`;
  } catch {
    return `postgres/${connection.hosts[0]}:${connection.port}`;
  }
}
