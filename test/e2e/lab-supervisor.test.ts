// The lab's supervisor as a process, spoken to by the command that configurations name.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { readLedger } from '../../lab/supervisor/ledger.js';

const entry = (name: string): string => fileURLToPath(new URL(`../../dist/lab/supervisor/${name}`, import.meta.url));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** A supervisor over a process that only waits. */
async function supervisor() {
  const folder = await mkdtemp(join(tmpdir(), 'hale-supervisor-'));
  const files = { ledger: join(folder, 'ledger.ndjson'), pidFile: join(folder, 'pid'), log: join(folder, 'log') };
  const settings = { ...files, unit: 'heron', port: await freePort(), argv: [process.execPath, '-e', 'setInterval(() => {}, 1000)'] };
  await writeFile(join(folder, 'settings.json'), JSON.stringify(settings));
  const child = spawn(process.execPath, [entry('main.js'), join(folder, 'settings.json')], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  const ctl = (verb: string, actionId?: string, fence?: string, unit = 'heron') =>
    spawnSync(process.execPath, [entry('ctl.js'), String(settings.port), verb, unit], {
      env: { ...(actionId === undefined ? {} : { HALE_ACTION_ID: actionId }), ...(fence === undefined ? {} : { HALE_FENCE: fence }) },
    }).status;
  return { ctl, ledger: () => readLedger(files.ledger), pid: async () => Number(await readFile(files.pidFile, 'utf8')) };
}

test('a restart ends the process, stopped or not, and starts another', async () => {
  const { ctl, pid } = await supervisor();
  ctl('start');
  const first = await pid();
  process.kill(first, 'SIGSTOP');
  expect(ctl('restart')).toBe(0);
  expect(await pid()).not.toBe(first);
  expect(() => process.kill(first, 0)).toThrow();
});

test('an action id is done once, and `did` tells so', async () => {
  const { ctl, ledger, pid } = await supervisor();
  expect(ctl('did', 'c/1/apply')).toBe(1);
  expect(ctl('restart', 'c/1/apply', '7')).toBe(0);
  const first = await pid();
  expect(ctl('restart', 'c/1/apply', '7')).toBe(0);
  expect(await pid()).toBe(first);
  expect(ctl('did', 'c/1/apply')).toBe(0);
  expect(ledger().map(({ answer }) => answer)).toEqual(['done', 'repeated']);
});

test('a smaller fencing token than one seen before is refused', async () => {
  const { ctl, ledger, pid } = await supervisor();
  ctl('restart', 'c/1/apply', '10');
  const first = await pid();
  expect(ctl('restart', 'd/1/apply', '9')).toBe(77);
  expect(await pid()).toBe(first);
  expect(ledger().at(-1)).toMatchObject({ actionId: 'd/1/apply', fence: '9', answer: 'refused' });
});

test('a process that dies stays dead until reviving is switched on', async () => {
  const { ctl, ledger, pid } = await supervisor();
  ctl('start');
  process.kill(await pid(), 'SIGKILL');
  ctl('revive-on');
  ctl('restart');
  const before = ledger().length;
  process.kill(await pid(), 'SIGKILL');
  await expect.poll(() => ledger().slice(before)).toMatchObject([{ verb: 'revive', answer: 'done' }]);
});

test('another unit and an unreachable supervisor have exit codes of their own', async () => {
  const { ctl } = await supervisor();
  expect(ctl('restart', undefined, undefined, 'stork')).toBe(2);
  expect(spawnSync(process.execPath, [entry('ctl.js'), String(await freePort()), 'restart', 'heron']).status).toBe(4);
});
