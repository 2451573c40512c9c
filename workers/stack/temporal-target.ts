import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { join } from 'node:path';
import { ensureSearchAttributes } from '../search-attributes.js';
import { CannotStart } from './cannot-start.js';
import { writePrivately } from './run-file.js';
import { embeddedNamespace } from './temporal.js';

export type Environment = Readonly<Record<string, string>>;

/** The Temporal server that this hale works on, as the environment of its workers says it (the standard TEMPORAL_* profile). */
export interface TemporalTarget {
  readonly address: string;
  readonly namespace: string;
  readonly ui: string | null;
  readonly env: Environment;
}

/**
 * The embedded server. A profile of the person's own, say for Temporal Cloud, must not leak its key or TLS into it, so
 * the workers get a profile file of this state folder's own; `temporal --config-file` takes it too.
 */
export function embeddedTarget(state: string, port: number, uiPort: number, env: Environment): TemporalTarget {
  const own = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  const [address, namespace] = [`127.0.0.1:${port}`, embeddedNamespace];
  const file = join(state, 'temporal', 'profile.toml');
  writePrivately(file, `[profile.default]\naddress = "${address}"\nnamespace = "${namespace}"\n`);
  const temporalEnv = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  return { address, namespace, ui: `http://127.0.0.1:${uiPort}`, env: { ...Object.fromEntries(own), ...temporalEnv } };
}

export function externalTarget(address: string, env: Environment): TemporalTarget {
  const full = { ...env, TEMPORAL_ADDRESS: address };
  return { address, namespace: loadClientConnectConfig({ overrideEnvVars: full }).namespace ?? 'default', ui: null, env: full };
}

/** Throws CannotStart when the server can't be reached, has no such namespace, or lacks search attributes that hale may not add. */
export async function checkTemporal(target: TemporalTarget): Promise<void> {
  const { address, namespace } = target;
  const connection = await connect(target);
  try {
    await connection.workflowService.describeNamespace({ namespace }).catch((error: Error) => {
      throw new CannotStart(
        `Temporal at ${address} does not give access to namespace ${namespace} (${error.message}). ` +
          `Set TEMPORAL_NAMESPACE, or make it: temporal operator namespace create --address ${address} --retention 7d ${namespace}`,
        5,
      );
    });
    const check = await ensureSearchAttributes(connection.operatorService, namespace);
    if (check.kind !== 'missing') return;
    throw new CannotStart(
      `Temporal at ${address} lacks hale's search attributes, and hale may not add them (${check.why}). Run:\n  ${check.command} --address ${address}`,
      5,
    );
  } finally {
    await connection.close();
  }
}

async function connect({ address, env }: TemporalTarget): Promise<Connection> {
  try {
    const { connectionOptions } = loadClientConnectConfig({ overrideEnvVars: env });
    return await Connection.connect({ ...connectionOptions, connectTimeout: 10_000 });
  } catch (error) {
    throw new CannotStart(
      `Temporal can't be reached at ${address} (${(error as Error).message}). ` +
        'Start it, or give another with --temporal host:port, for example --temporal 127.0.0.1:7233; without --temporal hale runs its own.',
      5,
    );
  }
}
