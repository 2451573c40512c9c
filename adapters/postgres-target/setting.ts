import type pg from 'pg';
import type { Call, Examined, Undone } from '../../activities/ports.js';
import type { Image } from '../../domain/effect.js';
import { TargetRefused } from '../../domain/failure.js';
import { refusedSetting } from '../../domain/postgres-setting.js';
import { until } from './backends.js';
import { refusedIf } from './errors.js';
import { shownAs } from './setting-value.js';
import type { Became, PostgresAction, Statement } from './statement.js';

interface Setting {
  readonly name: string;
  readonly inForce: string;
  readonly unit: string | null;
  readonly vartype: string;
  readonly context: string;
  readonly source: string;
  /** As ALTER SYSTEM wrote it; null where it did not. */
  readonly written: string | null;
  /** What is wrong with the server's files, so that a reload would take nothing of them. */
  readonly fault: string | null;
}

/**
 * Changes one setting of the whole cluster by ALTER SYSTEM and a reload. What ALTER SYSTEM had written before, or that it
 * had written nothing, comes back with the undo.
 */
export const setting: Statement = {
  look: async (session, action) => imageOf(await settingOf(session, action), wantedOf(action).name),
  examine: async (session, action) => {
    const { name, value } = wantedOf(action);
    const found = await settingOf(session, action);
    if (found === undefined) return { applicable: false, reason: `there is no setting ${JSON.stringify(name)}` };
    return obstacle(found, value) ?? { applicable: true, evidence: `${sentenceOf(found)}; it is to be ${value}` };
  },
  act: (session, call) => inTurn(session, () => act(session, call)),
  // A session whose worker has died may be writing still: it keeps its turn until it has.
  readBack: (session, action, before) =>
    inTurn(session, () => readBack(session, action, before)).catch((error: Error) => {
      if (error instanceof TargetRefused) return { unknown: `an earlier try may be writing still: ${error.message}` };
      throw error;
    }),
  undo: (session, call, after) => inTurn(session, () => undo(session, call, after)),
};

async function act(session: pg.Client, call: Call<PostgresAction>): Promise<void> {
  const { value } = wantedOf(call.action);
  await call.permit();
  const now = await demand(session, call.action);
  const no = obstacle(now, value);
  if (no !== undefined) throw new TargetRefused(no.reason);
  // Written but not in force: an earlier try of this call was cut off between the two.
  if (now.written !== value) {
    const { identity, summary } = imageOf(now, now.name);
    if (identity !== call.before.identity) throw new TargetRefused(`it changed meanwhile: ${summary}`);
    await write(session, now.name, value);
  }
  await reload(session, call.action, (after) => after.inForce === shownAs(value, after));
}

async function readBack(session: pg.Client, action: PostgresAction, before: Image): Promise<Became> {
  const { value } = wantedOf(action);
  const now = await settingOf(session, action);
  if (now === undefined || now.written !== value || imageOf(now, now.name).identity === before.identity) return 'notApplied';
  return now.inForce === shownAs(value, now) ? 'applied' : { left: 'the reload' };
}

/** Compares what is written: what is in force may differ after a try that was cut off before its reload. */
async function undo(session: pg.Client, call: Call<PostgresAction>, after: Image): Promise<Undone> {
  const back = call.before.content.written as string | null;
  const isBack = ({ written, inForce }: Setting) => written === back && inForce === call.before.content.inForce;
  const now = await demand(session, call.action);
  if (isBack(now)) return { kind: 'undone', now: imageOf(now, now.name) };
  if (now.written !== back && now.written !== after.content.written) return { kind: 'changedMeanwhile', now: imageOf(now, now.name) };
  await call.permit();
  const last = await demand(session, call.action);
  if (last.written !== now.written) return { kind: 'changedMeanwhile', now: imageOf(last, last.name) };
  if (last.written !== back) await write(session, last.name, back);
  const put = await reload(session, call.action, isBack);
  return { kind: 'undone', now: imageOf(put, put.name) };
}

const wantedOf = ({ setting: wanted }: PostgresAction): { readonly name: string; readonly value: string } =>
  wanted ?? { name: '', value: '' };

/** What hale's own sessions have limits of their own for: those would hide what the server has. */
const ownLimits = ['statement_timeout', 'lock_timeout'];

async function settingOf(session: pg.Client, action: PostgresAction): Promise<Setting | undefined> {
  const limit = ownLimits.find((one) => one === wantedOf(action).name.toLowerCase());
  if (limit !== undefined) await session.query(`reset ${limit}`);
  const { rows } = await session.query<Setting>(
    `select s.name, s.setting as "inForce", s.unit, s.vartype, s.context, s.source,
            (select f.setting from pg_file_settings f where lower(f.name) = lower(s.name)
                and f.sourcefile = current_setting('data_directory') || '/postgresql.auto.conf' order by f.seqno desc limit 1) as written,
            (select format('%s line %s: %s', f.sourcefile, f.sourceline, f.error) from pg_file_settings f
              where f.error <> 'setting could not be applied' order by f.seqno limit 1) as fault
       from pg_settings s where lower(s.name) = lower($1)`,
    [wantedOf(action).name],
  );
  return rows[0];
}

async function demand(session: pg.Client, action: PostgresAction): Promise<Setting> {
  const found = await settingOf(session, action);
  if (found === undefined) throw new TargetRefused(`there is no setting ${JSON.stringify(wantedOf(action).name)}`);
  return found;
}

const atReload = ['sighup', 'superuser', 'user'];
/** Where a value comes from that a reload of the server's files replaces. */
const fromFiles = ['default', 'configuration file', 'environment variable'];

/** Why it is not to be changed, or needs no change. */
function obstacle(found: Setting, value: string): Extract<Examined, { applicable: false }> | undefined {
  const no = (reason: string) => ({ applicable: false as const, reason });
  const { name, context, source, fault } = found;
  const why = refusedSetting(name);
  if (why !== undefined) return no(`${name} is never changed by hale: ${why}`);
  if (!atReload.includes(context))
    return no(`${name} takes effect only when ${context === 'postmaster' ? 'the server starts' : 'a session begins'} (${context})`);
  if (!fromFiles.includes(source)) return no(`${name} is set by ${source}, which goes before ALTER SYSTEM`);
  if (fault !== null) return no(`the server would reload nothing: ${fault}`);
  const shown = shownAs(value, found);
  if (shown === undefined) return no(`${JSON.stringify(value)} is no value for ${name}`);
  return shown === found.inForce ? no(`it is already so: ${sentenceOf(found)}`) : undefined;
}

/**
 * ALTER SYSTEM can't compare. Whoever compares and then writes does so in turn, also one that was frozen in between: its
 * session keeps the turn. The others wait for as long as for any lock.
 */
async function inTurn<T>(session: pg.Client, work: () => Promise<T>): Promise<T> {
  await session.query(`select pg_advisory_lock(hashtext('hale: setting'))`).catch(refusedIf('lockNotAvailable'));
  try {
    return await work();
  } finally {
    // A session that is broken has given its turn back already.
    await session.query(`select pg_advisory_unlock(hashtext('hale: setting'))`).catch(() => undefined);
  }
}

/** The server quotes: the name as its catalogue has it, the value as a literal. */
async function write(session: pg.Client, name: string, value: string | null): Promise<void> {
  const { rows } = await session.query<{ sql: string }>(
    `select case when $2::text is null then format('alter system reset %I', name)
                 else format('alter system set %I = %L', name, $2::text) end as sql from pg_settings where name = $1`,
    [name, value],
  );
  await session.query(rows[0]?.sql ?? '');
}

/** A session takes up a reload between two statements, so that looking again is enough. */
async function reload(session: pg.Client, action: PostgresAction, isThere: (now: Setting) => boolean): Promise<Setting> {
  await session.query('select pg_reload_conf()');
  let now = await demand(session, action);
  await until(async () => isThere((now = await demand(session, action))));
  return now;
}

const sentenceOf = ({ name, inForce, unit, written }: Setting): string =>
  `${name} is ${shown(inForce, unit)}${written === null ? '' : `, by ALTER SYSTEM (${written})`}`;

const shown = (value: string, unit: string | null): string =>
  unit === null ? value : /^\d/.test(unit) ? `${value} times ${unit}` : `${value}${unit}`;

function imageOf(found: Setting | undefined, name: string): Image {
  if (found === undefined) return { identity: 'none', summary: `there is no setting ${JSON.stringify(name)}`, content: {} };
  const { written, inForce } = found;
  return {
    identity: `${found.name} ${inForce}, ${written === null ? 'not written' : `written ${JSON.stringify(written)}`}`,
    summary: sentenceOf(found),
    content: { name: found.name, written, inForce },
  };
}
