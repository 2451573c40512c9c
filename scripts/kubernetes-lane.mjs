/**
 * `npm run test:kubernetes`: the tests of Kubernetes against a real control plane, on loopback. With `--record` the
 * answers are kept as the fixtures that the ordinary suite replays.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchInsecure, missingPrograms, startCluster } from './kubernetes/cluster.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const tests = ['provider', 'rights'].map((name) => `test/contract/kubernetes-${name}.test.ts`);
const missing = missingPrograms();

if (missing === undefined) process.exitCode = await lane(process.argv.includes('--record'));
else console.log(`SKIP kubernetes lane: ${missing}`);

async function lane(record) {
  const began = Date.now();
  const { url, stop } = await startCluster();
  try {
    const version = await (await fetchInsecure(`${url}/version`)).json();
    console.log(`kube-apiserver ${version.gitVersion} is ready after ${Date.now() - began} ms`);
    const env = { ...process.env, HALE_KUBERNETES_LANE: url, ...(record ? { HALE_KUBERNETES_RECORD: version.gitVersion } : {}) };
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const run = (args) => spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
    return (
      run([vitest, 'run', ...tests, '--no-file-parallelism', '--reporter=verbose']) ||
      (record ? 0 : run([join(root, 'scripts', 'contract.mjs'), 'kubernetes']))
    );
  } finally {
    await stop();
  }
}
