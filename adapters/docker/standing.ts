import type { Target } from '../../activities/ports.js';
import { openOn } from './container.js';
import { DockerFailed } from './failure.js';
import type { DockerAction } from './operation.js';

/** Where a container is, and where others reach it. */
export interface Standing {
  readonly id: string;
  /** Process on docker's machine; 0 while it does not run. */
  readonly pid: number;
  /** Host of the docker that has it. */
  readonly host: string;
  /** Ports of that machine that lead to it, `host:port`. */
  readonly published: readonly string[];
  /** Its own addresses in its networks. */
  readonly addresses: readonly string[];
}

/** undefined when docker does not tell: then nothing is done to it either. */
export async function standingOf(target: Target<DockerAction>): Promise<Standing | undefined> {
  const { url } = target.action.source;
  const host = url.startsWith('unix:') ? 'localhost' : new URL(url).hostname;
  try {
    return await openOn(target.action, target, async (_engine, { Id, State, HostConfig, NetworkSettings }) => {
      const bindings = Object.values((HostConfig.PortBindings ?? {}) as Readonly<Record<string, readonly Binding[] | null>>);
      return {
        id: Id,
        pid: State.Pid,
        host,
        published: bindings.flatMap((all) => (all ?? []).map(({ HostIp, HostPort }) => `${hostOf(HostIp, host)}:${HostPort}`)),
        addresses: Object.values(NetworkSettings.Networks ?? {})
          .flatMap(({ IPAddress, GlobalIPv6Address }) => [IPAddress, GlobalIPv6Address])
          .filter((address) => address !== ''),
      };
    });
  } catch (error) {
    if (error instanceof DockerFailed) return undefined;
    throw error;
  }
}

interface Binding {
  readonly HostIp?: string;
  readonly HostPort: string;
}

/** Every address of docker's machine, unless one is named. */
const hostOf = (ip: string | undefined, host: string): string => {
  const named = ip === undefined || ['', '0.0.0.0', '::'].includes(ip) ? host : ip;
  return named.includes(':') ? `[${named}]` : named;
};
