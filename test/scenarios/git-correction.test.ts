// Drives the whole cycle over real parts: a service that a real repository is deployed to with every push, as a GitOps controller does.
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serviceByFile } from '../support/broken-service.js';
import { haleWith, rememberGood } from '../support/hale.js';
import { freshRepository } from '../support/repository.js';
import { devServer } from '../support/temporal.js';

let env: TestWorkflowEnvironment;
beforeAll(async () => void (env = await devServer()));
afterAll(() => env.teardown());

/** What is on the branch is in force; `target` says who sees to that. */
async function deployed(after: string) {
  const repository = freshRepository([{ 'deploy/shop.conf': 'good\n' }]);
  const file = join(dirname(repository.url), 'in-force.conf');
  await writeFile(file, 'good\n');
  repository.hook('post-receive', `git show main:deploy/shop.conf > ${file}`);
  const service = await serviceByFile(file);
  const hale = await haleWith(
    env,
    `apiVersion: hale/v1
sources: {conf: {git: ${repository.url}}}
services:
  shop:
    target: {managedBy: argocd}
    signals:
      up: {http: '${service.url}', every: 100ms, timeout: 90ms, expect: {status: 200}}
    objectives:
      up: {above: 0, for: 0s, hold: 1s}
    corrections:
      put-back: {git: lastGood, paths: [deploy/shop.conf], source: conf, push: direct, mode: act, hold: 1s, within: 2s, cooldown: 0s}
`,
  );
  await rememberGood(hale, 'put-back');
  repository.commit({ 'deploy/shop.conf': after });
  const result = await hale.working(async () => (await hale.start('shop')).result());
  const inForce = repository.git('show', 'main:deploy/shop.conf');
  const { rows } = await hale.pool.query('select state, verdict from effects order by prepared_at');
  return { result, inForce, effects: rows as unknown[], commits: Number(repository.git('rev-list', '--count', 'main')) };
}

test('a bad commit is healed by one that puts the last good content back, through the controller that owns the service', async () => {
  const { result, inForce, effects, commits } = await deployed('bad\n');
  expect(result.outcome).toBe('healed');
  expect(inForce).toBe('good\n');
  expect(effects).toEqual([{ state: 'adopted', verdict: 'held' }]);
  expect(commits).toBe(3);
});
