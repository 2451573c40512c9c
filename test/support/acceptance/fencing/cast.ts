import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingPrograms, startCluster } from '../../../../scripts/kubernetes/cluster.mjs';
import { startSshd } from '../../debian-sshd.js';
import { loopbackServer } from '../server.js';
import type { Moment } from './looks.js';
import type { Subject } from './subject.js';
import { execTarget } from './targets/exec.js';
import { fileTarget } from './targets/file.js';
import { gitTarget } from './targets/git.js';
import { httpTarget, type HttpTarget } from './targets/http.js';
import { kubernetesTarget } from './targets/kubernetes.js';
import { postgresTarget } from './targets/postgres.js';
import { countingSshd, runitTarget } from './targets/runit.js';

/** All services of the step with their real targets, each with the moment at which its worker is frozen. */
export interface Cast {
  readonly moments: ReadonlyMap<Subject, Moment>;
  /** Where it is told which service is well. */
  readonly web: string;
  /** Kinds that could not be had here, and why. */
  readonly leftOut: readonly string[];
  readonly close: () => Promise<void>;
}

export async function gatherCast(): Promise<Cast> {
  const folder = await mkdtemp(join(tmpdir(), 'hale-fencing-'));
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const one of closing.toReversed()) await one();
  };
  try {
    const { web, subjects, serve } = await site();
    closing.push(web.close);
    const trust = trusting(folder, web.url);
    for (const one of trust) serve(one);
    const missing = missingPrograms();
    for (const one of [...(await comparing(folder, closing)), ...(missing === undefined ? await inCluster(closing) : [])]) {
      serve(one);
      if (one.close !== undefined) closing.push(one.close);
    }
    const momentOf = ({ fencedBy, isOpen }: Subject): Moment => (fencedBy === 'target' || isOpen === true ? 'afterCheck' : 'beforeCheck');
    const leftOut = missing === undefined ? [] : [`kubernetes: ${missing}`];
    return { moments: new Map([...subjects.values()].map((one) => [one, momentOf(one)])), web: web.url, leftOut, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Says which service is well, and is the target of those behind HTTP. */
async function site() {
  const subjects = new Map<string, Subject | HttpTarget>();
  const web = await loopbackServer((request, response) => {
    const [, part = '', service = ''] = (request.url ?? '').split('/');
    const subject = subjects.get(service);
    if (part === 'health') return response.writeHead(subject?.isWell() === true ? 200 : 503).end();
    if (subject !== undefined && 'answer' in subject) return subject.answer(request, response);
    return response.writeHead(404).end();
  });
  return { web, subjects, serve: (one: Subject): void => void subjects.set(one.service, one) };
}

function trusting(folder: string, web: string): Subject[] {
  const each = (kind: string, make: (service: string) => Subject): Subject[] => [
    ...[1, 2, 3, ...(kind === 'http' ? [4] : [])].map((number) => make(`${kind}-${number}`)),
    { ...make(`${kind}-open`), isOpen: true },
    { ...make(`${kind}-late`), isPlanted: true },
  ];
  return [...each('exec', (service) => execTarget(service, folder)), ...each('http', (service) => httpTarget(service, web))];
}

async function comparing(folder: string, closing: (() => Promise<unknown>)[]): Promise<Subject[]> {
  const sshd = await startSshd();
  closing.push(sshd.stop);
  const far = 'runit-far';
  const ssh = countingSshd(sshd, [join(folder, far)]);
  return [
    ...['file-1', 'file-2'].map((one) => fileTarget(one, folder)),
    await runitTarget('runit-near', folder),
    await runitTarget(far, folder, ssh),
    ...(await Promise.all(['git-1', 'git-2', 'git-3'].map((one) => gitTarget(one, folder)))),
    await postgresTarget('postgres-1', folder),
    await postgresTarget('postgres-2', folder),
  ];
}

async function inCluster(closing: (() => Promise<unknown>)[]): Promise<Subject[]> {
  const cluster = await startCluster();
  closing.push(cluster.stop);
  return [await kubernetesTarget('shop-1', cluster), await kubernetesTarget('shop-2', cluster)];
}
