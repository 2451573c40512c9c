import type { Call } from '../../activities/ports.js';
import type { Permission } from '../../domain/cluster.js';
import { TargetRefused } from '../../domain/failure.js';
import type { Meta } from './objects.js';
import { Conflict, type Server } from './server.js';

export const ACTION = 'hale.dev/action';
const FENCE = 'hale.dev/fence';

/** Its status changes all the time, and each change is another version. */
const triesMax = 10;

interface Operation {
  readonly op: 'replace' | 'add' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

export interface Change<T> {
  readonly path: string;
  readonly needs: Permission;
  readonly namespace?: string;
  readonly read: () => Promise<T>;
  /** Why it is not as it was expected; undefined where it is. */
  readonly unlike: (now: T) => string | undefined;
  readonly operations: (now: T) => readonly Operation[];
}

/** An object after its change; `wasDone`: by an earlier try, and somebody may have changed it again since. */
export interface Changed<T> {
  readonly now: T;
  readonly wasDone: boolean;
}

/**
 * Changes one object, and writes upon it which action that was, under which fence. The server compares: a change of an object
 * that is no longer as it was read is refused, and then it is read, and compared with what is expected, again.
 */
export async function change<T extends { readonly metadata: Meta }>(server: Server, call: Call, wanted: Change<T>): Promise<Changed<T>> {
  const { path, needs, namespace, read, unlike, operations } = wanted;
  for (let tries = 1; tries <= triesMax; tries++) {
    const now = await read();
    if (isMarkedBy(now, call.actionId)) return { now, wasDone: true };
    const why = unlike(now) ?? outranked(now, call);
    if (why !== undefined) throw new TargetRefused(why);
    const { resourceVersion, annotations } = now.metadata;
    const body: readonly Operation[] = [
      { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'add', path: '/metadata/annotations', value: { ...annotations, [ACTION]: call.actionId, [FENCE]: call.fence } },
      ...operations(now),
    ];
    try {
      const { permit } = call;
      const changed = await server.ask<T>({ needs, path, body, permit, ...(namespace === undefined ? {} : { namespace }) });
      return { now: changed, wasDone: false };
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
    }
  }
  throw new TargetRefused(`it changed ${triesMax} times in a row while hale looked`);
}

export const isMarkedBy = ({ metadata }: { readonly metadata: Meta }, actionId: string): boolean =>
  metadata.annotations?.[ACTION] === actionId;

/** Whoever acted last held a later lease than this call. */
function outranked({ metadata }: { readonly metadata: Meta }, { fence }: Call): string | undefined {
  const seen = metadata.annotations?.[FENCE] ?? '';
  return /^\d{1,18}$/.test(seen) && /^\d{1,18}$/.test(fence) && BigInt(seen) > BigInt(fence)
    ? `it was changed under fence ${seen}, and this call has ${fence}; if hale's database was made anew, take its annotation ${FENCE} away`
    : undefined;
}
