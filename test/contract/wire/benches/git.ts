import { rmSync } from 'node:fs';
import { gitProvider } from '../../../../adapters/git/provider.js';
import type { Image } from '../../../../domain/effect.js';
import type { GitAction } from '../../../../domain/service.js';
import { gitOverHttp } from '../../../support/git-http.js';
import { ownRepository } from '../../../support/own-repository.js';
import type { WireBench, WireTarget } from '../bench.js';
import { ownFolder } from './folder.js';
import { assembled } from './module.js';

const path = 'deploy/checkout';
const file = `${path}/values.yaml`;
const history = [{ [file]: 'version: 0\n' }, { [file]: 'version: 1\n' }, { [file]: 'version: 3\n' }];

/** Version 1 was good, version 3 is on the branch of a real repository behind git's own HTTP server, which accounts for pushes. */
export const git: WireBench<GitAction> = {
  name: 'git',
  provider: assembled({ gitProvider: 'adapters/git/provider' }, `gitProvider(new URL('mirrors', import.meta.url).pathname)`),
  arrange,
};

let good: Image | undefined;

async function arrange(): Promise<WireTarget<GitAction>> {
  const repository = ownRepository(history);
  repository.git('config', 'http.receivepack', 'true');
  const server = await gitOverHttp(repository.folder);
  const aimed = (url: string) => {
    const action: GitAction = { kind: 'git', repository: url, branch: 'main', paths: [path], push: 'direct' };
    return { service: 'checkout', action, timeoutMs: 2_500 };
  };
  // Every target begins with the same commits, so that what was good of one is good of all.
  good ??= await imageOf(repository, 'main~1', aimed(repository.url));
  return {
    address: { host: '127.0.0.1', port: server.port },
    aimedAt: (port) => aimed(`http://127.0.0.1:${port}/shop.git`),
    good,
    isAct: (bytes) => bytes.includes('/git-receive-pack HTTP/1.1') && bytes.includes('POST '),
    effects: async () => repository.pushes().filter((line) => isAct(repository, line.split(' ')[2] ?? '')).length,
    state: async () => repository.git('ls-tree', '-r', 'main'),
    disturb: async () => void repository.commit({ [file]: 'version: 4\n' }),
    remove: async () => repository.remove(),
    close: async () => {
      await server.close();
      rmSync(repository.folder, { recursive: true, force: true });
    },
  };
}

/** A commit of the correction, and not of its undo. */
const isAct = ({ git: run }: ReturnType<typeof ownRepository>, commit: string): boolean =>
  /^Hale-Action: cycle\/1\/fix$/m.test(run('log', '-1', '--format=%B', commit));

/** The target as hale would have seen it while that commit was on the branch. */
async function imageOf(
  { git: run }: ReturnType<typeof ownRepository>,
  commit: string,
  target: ReturnType<WireTarget<GitAction>['aimedAt']>,
) {
  const { folder, close } = await ownFolder();
  const now = run('rev-parse', 'main').trim();
  run('update-ref', 'refs/heads/main', commit);
  const image = await gitProvider(folder).image({ ...target, timeoutMs: 60_000 });
  run('update-ref', 'refs/heads/main', now);
  await close();
  return image;
}
