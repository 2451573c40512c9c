import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { serverOf } from '../../adapters/kubernetes/server.js';
import { permissions } from '../../domain/cluster.js';
import { freshFolder } from '../support/knob.js';
import { serve } from '../support/listen.js';
import { kubeconfig } from '../support/kubernetes/scene.js';

const MOST = 16 * 1024 * 1024;

/** A cluster whose every answer is one text, so many bytes long. */
async function answering(bytes: number) {
  const access = join(await freshFolder(), 'kubeconfig');
  const body = JSON.stringify('x'.repeat(bytes - 2));
  const url = await serve((_, response) => void response.end(body));
  await writeFile(access, JSON.stringify(kubeconfig(url)));
  return serverOf(access, { timeoutMs: 20_000 });
}

it('an answer of 16 MiB is read, and a longer one is given up', async () => {
  const request = { needs: permissions.getDeployment, namespace: 'shop', path: '/apis/apps/v1/namespaces/shop/deployments/checkout' };
  const [most, more] = await Promise.all([answering(MOST), answering(MOST + 1)]);
  expect(await most.ask<string>(request)).toHaveLength(MOST - 2);
  await expect(more.ask(request)).rejects.toThrow(/can't be asked: its answer is too long/);
});
