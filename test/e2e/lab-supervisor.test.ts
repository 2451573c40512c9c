// The lab's supervisor as a process, spoken to by the command that configurations name.
import { spawn } from 'node:child_process';
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

/** Answers every request with its own process id. */
const unit = `
import { createServer } from 'node:http';
createServer((_, response) => response.end(String(process.pid))).listen(Number(process.argv[2]), '127.0.0.1');
`;

/** A supervisor over a small service, started by nobody yet. */
async function supervisor() {
  const folder = await mkdtemp(join(tmpdir(), 'hale-supervisor-'));
  const files = { ledger: join(folder, 'ledger.ndjson'), pidFile: join(folder, 'pid'), log: join(folder, 'log') };
  const serving = await freePort();
  const settings = {
    ...files,
    unit: 'heron',
    port: await freePort(),
    script: join(folder, 'unit.mjs'),
    args: [String(serving)],
    nodeOptions: [],
  };
  await writeFile(settings.script, unit);
  await writeFile(join(folder, 'settings.json'), JSON.stringify(settings));
  const child = spawn(process.execPath, [entry('main.js'), join(folder, 'settings.json')], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  const ctl = async (verb: string, actionId?: string, fence?: string, name = 'heron') => {
    const env = { ...(actionId === undefined ? {} : { HALE_ACTION_ID: actionId }), ...(fence === undefined ? {} : { HALE_FENCE: fence }) };
    const [code] = await once(spawn(process.execPath, [entry('ctl.js'), String(settings.port), verb, name], { env }), 'exit');
    return code as number;
  };
  const answer = async () => Number(await (await fetch(`http://127.0.0.1:${serving}/`, { headers: { connection: 'close' } })).text());
  return { ctl, answer, ledger: () => readLedger(files.ledger), pid: async () => Number(await readFile(files.pidFile, 'utf8')) };
}

test('a restart ends the process, stopped or not, and starts another', async () => {
  const { ctl, pid } = await supervisor();
  await ctl('start');
  const first = await pid();
  process.kill(first, 'SIGSTOP');
  expect(await ctl('restart')).toBe(0);
  expect(await pid()).not.toBe(first);
  expect(() => process.kill(first, 0)).toThrow();
});

test('an action id is done once, and `did` tells so', async () => {
  const { ctl, ledger, pid } = await supervisor();
  expect(await ctl('did', 'c/1/apply')).toBe(1);
  expect(await ctl('restart', 'c/1/apply', '7')).toBe(0);
  const first = await pid();
  expect(await ctl('restart', 'c/1/apply', '7')).toBe(0);
  expect(await pid()).toBe(first);
  expect(await ctl('did', 'c/1/apply')).toBe(0);
  expect(ledger().map(({ answer }) => answer)).toEqual(['done', 'repeated']);
});

test('a smaller fencing token than one seen before is refused', async () => {
  const { ctl, ledger, pid } = await supervisor();
  await ctl('restart', 'c/1/apply', '10');
  const first = await pid();
  expect(await ctl('restart', 'd/1/apply', '9')).toBe(77);
  expect(await pid()).toBe(first);
  expect(ledger().at(-1)).toMatchObject({ actionId: 'd/1/apply', fence: '9', answer: 'refused' });
});

test('a process that dies stays dead until reviving is switched on', async () => {
  const { ctl, ledger, pid } = await supervisor();
  await ctl('start');
  process.kill(await pid(), 'SIGKILL');
  await ctl('revive-on');
  await ctl('restart');
  const before = ledger().length;
  process.kill(await pid(), 'SIGKILL');
  await expect.poll(() => ledger().slice(before)).toMatchObject([{ verb: 'revive', answer: 'done' }]);
});

test('another unit and an unreachable supervisor have exit codes of their own', async () => {
  const { ctl } = await supervisor();
  expect(await ctl('restart', undefined, undefined, 'stork')).toBe(2);
  const [code] = await once(spawn(process.execPath, [entry('ctl.js'), String(await freePort()), 'restart', 'heron']), 'exit');
  expect(code).toBe(4);
});

test('a deploy replaces the process without a request refused meanwhile', async () => {
  const { ctl, answer, pid } = await supervisor();
  await ctl('start');
  await expect.poll(() => answer().catch(() => 0)).toBeGreaterThan(0);
  const first = await pid();
  const answers: number[] = [];
  let done = false;
  const asking = (async () => {
    // On a new connection each time, as from many customers: a kept one may close just when it is used again.
    while (!done) answers.push(await answer());
  })();
  const exit = await ctl('replace');
  done = true;
  await asking;
  expect(exit).toBe(0);
  expect(new Set(answers)).toEqual(new Set([first, await pid()]));
});
