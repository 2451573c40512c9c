import type pg from 'pg';
import type { Call, Examined, Provider, ReadBack, Target, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { cancelQuery } from './cancel-query.js';
import { dropSlot } from './drop-slot.js';
import { endOldSnapshots } from './end-old-snapshots.js';
import { missingGrants } from './grants.js';
import { onSameServer, onServer, serverOf } from './server.js';
import { inSession } from './session.js';
import { setting } from './setting.js';
import type { PostgresAction, Statement } from './statement.js';
import { terminateRootBlocker } from './terminate-root-blocker.js';
import { vacuum } from './vacuum.js';

const statements: Readonly<Record<PostgresAction['statement'], Statement>> = {
  terminateRootBlocker,
  cancelQuery,
  vacuum,
  endOldSnapshots,
  setting,
  dropSlot,
};

/**
 * Corrects other people's PostgreSQL with the statements of this catalogue and no others. Needs no superuser: grants.ts says
 * what each of them needs.
 */
export function postgresProvider(): Provider<PostgresAction> {
  return {
    kind: 'postgres',
    readBackBy: () => 'identity',
    fencedBy: 'target',
    resourceOf: (target) => on(target, (session) => resourceOf(session, target.action)),
    image: (target) => on(target, (session, statement) => look(session, statement, target.action)),
    examine: (target, current) => on(target, (session, statement) => examine(session, statement, target.action, current)),
    apply: (call) =>
      on(call, async (session, statement) => {
        await statement.act(session, onSameServer(session, call, call.before));
        return look(session, statement, call.action);
      }),
    readBack: (call) => on(call, (session, statement) => readBack(session, statement, call)),
    undo: (call, after) => on(call, (session, statement) => undo(session, statement, call, after)),
  };
}

const on = <T>(target: Target<PostgresAction>, work: (session: pg.Client, statement: Statement) => Promise<T>): Promise<T> =>
  inSession(target.action.connection, target, (session) => work(session, statements[target.action.statement]));

const look = async (session: pg.Client, statement: Statement, action: PostgresAction): Promise<Image> =>
  onServer(await statement.look(session, action), await serverOf(session));

async function examine(session: pg.Client, statement: Statement, action: PostgresAction, current: Image): Promise<Examined> {
  const missing = await missingGrants(session, action);
  if (missing.length > 0) return { applicable: false, reason: `no permission: ${missing.join('; ')}` };
  return statement.examine(session, action, current);
}

async function readBack(session: pg.Client, statement: Statement, { action, before }: Call<PostgresAction>): Promise<ReadBack> {
  const [then, now] = [before.content.server as string | undefined, await serverOf(session)];
  if (then !== undefined && then !== now)
    return { kind: 'unknown', why: `${now} answers now, what became of it on the ${then} is not known` };
  const became = await statement.readBack(session, action, before);
  if (became === 'notApplied') return { kind: 'notApplied' };
  if (typeof became === 'object' && 'unknown' in became) return { kind: 'unknown', why: became.unknown };
  const after = await look(session, statement, action);
  return became === 'applied' ? { kind: 'applied', after } : { kind: 'partly', after, left: became.left };
}

async function undo(session: pg.Client, statement: Statement, call: Call<PostgresAction>, after: Image): Promise<Undone> {
  if (statement.undo === undefined) throw new Error(`what ${call.action.statement} ended can't be brought back`);
  const undone = await statement.undo(session, onSameServer(session, call, after), after);
  return { ...undone, now: onServer(undone.now, await serverOf(session)) };
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
