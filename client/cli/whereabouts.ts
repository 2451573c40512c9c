import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Failure } from './exit-codes.js';

/** Options by which a command finds the hale it talks to. */
export interface Where {
  readonly state?: string;
  readonly temporal?: string;
  readonly namespace?: string;
  readonly database?: string;
}

/** A running hale: what its `run.json` says, overruled by options; the environment fills what neither says. */
export interface Whereabouts {
  readonly state: string;
  readonly database?: string;
  readonly temporal?: { readonly address: string; readonly namespace: string; readonly ui?: string };
  readonly web?: string;
  /** The file with the keys that seal what is said to Temporal. */
  readonly payloadKeys?: string;
  readonly processes: readonly { readonly role: string; readonly pid: number }[];
}

interface RunFile {
  processes?: { role: string; pid: number }[];
  temporal?: { address: string; namespace: string; ui: string | null } | null;
  database?: { url: string } | null;
  web?: { url: string | null };
  payloadKeys?: string | null;
}

export async function findHale(where: Where): Promise<Whereabouts> {
  const state = resolve(where.state ?? process.env.HALE_STATE ?? '.hale');
  const run = await runFile(state);
  const database = where.database ?? run?.database?.url ?? process.env.HALE_DATABASE_URL;
  const address = where.temporal ?? run?.temporal?.address ?? process.env.TEMPORAL_ADDRESS;
  const namespace = where.namespace ?? run?.temporal?.namespace ?? process.env.TEMPORAL_NAMESPACE ?? 'default';
  const ui = run?.temporal?.ui ?? undefined;
  const payloadKeys = run?.payloadKeys ?? (process.env.HALE_PAYLOAD_KEYS || undefined);
  return {
    state,
    ...(database === undefined ? {} : { database }),
    ...(address === undefined ? {} : { temporal: { address, namespace, ...(ui === undefined ? {} : { ui }) } }),
    ...(run?.web?.url ? { web: run.web.url } : {}),
    ...(payloadKeys === undefined ? {} : { payloadKeys }),
    processes: run?.processes ?? [],
  };
}

/** undefined when nothing runs or ran there. */
async function runFile(state: string): Promise<RunFile | undefined> {
  const path = join(state, 'run.json');
  try {
    return JSON.parse(await readFile(path, 'utf8')) as RunFile;
  } catch (error) {
    if (error instanceof SyntaxError) throw new Failure('unreachable', `${path} is no JSON`, 'start hale again: hale up');
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Failure('unreachable', `${path} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Whether the process that `hale up` is runs here, be it that the rest is still to come. */
export const mainRuns = ({ processes }: Whereabouts): boolean => processes.some(({ role, pid }) => role === 'main' && isAlive(pid));

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

const WAY_OUT = 'Start one with `hale up`, or name it: --state DIR, or --temporal ADDRESS and --database URL.';
const AGAIN = 'Ask again in a few seconds.';

export function databaseOf(whereabouts: Whereabouts): string {
  if (whereabouts.database !== undefined) return whereabouts.database;
  if (mainRuns(whereabouts)) throw new Failure('unreachable', 'hale is still starting: its database is not up yet', AGAIN);
  throw new Failure('unreachable', `no hale runs here: there is no ${join(whereabouts.state, 'run.json')}`, WAY_OUT);
}

export function temporalOf(whereabouts: Whereabouts): { readonly address: string; readonly namespace: string } {
  if (whereabouts.temporal !== undefined) return whereabouts.temporal;
  if (mainRuns(whereabouts)) throw new Failure('unreachable', 'hale is still starting: its Temporal is not up yet', AGAIN);
  throw new Failure('unreachable', 'the address of Temporal is not known', WAY_OUT);
}
