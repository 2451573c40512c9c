// A hale that seals what it says to Temporal: looked at from outside, with Temporal's own client and no key.
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { expect, test } from 'vitest';
import * as wire from '../../contracts/cli.js';
import { dataOf, failureOf, hale as runHale } from '../support/hale-command.js';
import { HaleUp, stateFolder } from '../support/hale-up.js';

const line = (id: string): string => `${id} ${randomBytes(32).toString('base64')}\n`;
const [october, november] = [line('2026-10'), line('2026-11')];
const canary = 'till-four-is-on-fire';

const configuration = (folder: string): string => `apiVersion: hale/v1
services:
  shop:
    signals:
      up: {exec: [/usr/bin/test, -e, ${folder}/good], plugin: true, every: 500ms}
    objectives:
      up: {below: 1, for: 0s, hold: 2s}
    corrections:
      touch: {exec: [/usr/bin/touch, ${folder}/good], repeatable: true, undo: nothingToRestore, mode: act}
  till:
    signals:
      up: {exec: [/usr/bin/test, -e, ${folder}/open], plugin: true, every: 500ms}
    objectives:
      up: {below: 1, for: 0s}
    corrections:
      touch: {exec: [/usr/bin/touch, ${folder}/open], undo: nothingToRestore, mode: ask}
`;

test(
  'secrets in histories: what hale says to Temporal is sealed, opened by its keys alone, and still opened after a rotation until the old key is retired',
  { timeout: 300_000 },
  async () => {
    const folder = stateFolder();
    const keys = join(folder, 'payload-keys');
    await Promise.all([keys, ...['good', 'open'].map((name) => join(folder, name))].map((file) => writeFile(file, october)));
    const up = (...options: readonly string[]) => new HaleUp(folder, options, configuration(folder));
    const first = up('--payload-keys', keys, '--open-payloads');
    await first.says('hale is up');
    expect(first.output).toContain(`${keys} can be read by everybody on this machine; allowed: chmod 600 ${keys}`);
    const at = ['--state', folder];

    await rm(join(folder, 'good'));
    expect(await runHale(['heal', 'shop', '--by', canary, ...at])).toMatchObject({ code: 0 });
    await healed(at);
    await rm(join(folder, 'open'));
    const asking = await openIncident(at);
    expect(dataOf(wire.status, await runHale(['status', '--json', ...at])).services).toMatchObject([{ name: 'shop' }, { name: 'till' }]);

    expect((await runHale(['doctor', ...at])).stdout).toMatch(/payloads +sealed with key 2026-10/);

    const { temporal, web } = first.run();
    const raw = await histories(temporal?.address ?? '');
    const payloads = payloadsOf(raw);
    expect(payloads.length).toBeGreaterThan(20);
    expect(payloads.filter(({ metadata }) => textOf(metadata.encoding) !== 'binary/encrypted')).toEqual([]);
    const text = JSON.stringify(raw);
    for (const form of [canary, Buffer.from(canary).toString('base64').slice(0, -4)]) expect(text).not.toContain(form);

    const codec = `${web.url}/codec/decode`;
    const ask = (origin: string, one: unknown) =>
      fetch(codec, { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: JSON.stringify({ payloads: [one] }) });
    const opened = await Promise.all(payloads.map(async (one) => (await ask(temporal?.ui ?? '', one)).text()));
    expect(opened.some((answer) => Buffer.from(JSON.parse(answer).payloads[0].data ?? '', 'base64').includes(canary))).toBe(true);
    expect((await ask('http://elsewhere.example', payloads[0])).status).toBe(403);
    expect((await ask(temporal?.ui ?? '', { metadata: payloads[0]?.metadata, data: 'AAAA' })).status).toBe(400);
    await ends(first);

    const naked = up();
    expect(await naked.ended).toBe(5);
    expect(naked.output).toContain('no keys were given; allowed: HALE_PAYLOAD_KEYS=FILE with key 2026-10 in it');

    await chmod(keys, 0o600);
    writeFileSync(keys, november + october);
    const rotated = up('--payload-keys', keys);
    await rotated.says('hale is up');
    const replayed = await runHale(['replay', '--all', ...at]);
    expect(replayed.stdout).toMatch(/^(\d+) of \1 cycles? replays?$/m);
    expect(rotated.output).not.toContain('can be read by everybody');

    const retire = (...more: readonly string[]) => runHale(['keys', 'retire', '2026-10', '--by', 'ada', '--json', ...more, ...at]);
    expect((await runHale(['keys', 'retire', '2026-11', ...at])).stderr).toContain('key 2026-11 seals now');
    expect(failureOf(await retire('--lose-histories')).message).toBe('1 open workflow is sealed with key 2026-10: heal/till/-');
    expect(await runHale(['abort', asking, '--by', 'ada', ...at])).toMatchObject({ code: 0 });
    await ended(asking, at);
    expect(failureOf(await retire()).message).toMatch(/archived histor(y is|ies are) sealed with key 2026-10/);
    expect(dataOf(wire.keyRetired, await retire('--lose-histories'))).toMatchObject({ payloadKey: '2026-10' });
    expect((await runHale(['doctor', ...at])).stdout).toMatch(/payloads +sealed with key 2026-11/);
    await ends(rotated);

    writeFileSync(keys, november);
    const alone = up('--payload-keys', keys);
    await alone.says('hale is up');
    await rm(join(folder, 'good'));
    // hale still watches, and corrects.
    while (!existsSync(join(folder, 'good'))) await wait(200);
    await ends(alone);
  },
);

async function openIncident(at: readonly string[]): Promise<string> {
  for (;;) {
    const open = dataOf(wire.incidents, await runHale(['incidents', '--json', ...at])).find(({ endedAt }) => endedAt === null);
    if (open !== undefined) return open.id;
    await wait(200);
  }
}

async function ended(id: string, at: readonly string[]): Promise<void> {
  while (dataOf(wire.incidents, await runHale(['incidents', '--json', ...at])).some((one) => one.id === id && one.endedAt === null))
    await wait(200);
}

async function healed(at: readonly string[]): Promise<void> {
  for (;;) {
    const [newest] = dataOf(wire.incidents, await runHale(['incidents', '--json', '--limit', '1', ...at]));
    if (newest?.outcome === 'healed') return;
    expect(newest?.outcome ?? null).toBeNull();
    await wait(200);
  }
}

/** Everything that Temporal keeps, as it keeps it. */
async function histories(address: string): Promise<unknown[]> {
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Client({ connection });
    const all: unknown[] = [];
    for await (const { workflowId, runId } of workflow.list())
      all.push(JSON.parse(historyToJSON(await workflow.getHandle(workflowId, runId).fetchHistory())));
    return all;
  } finally {
    await connection.close();
  }
}

interface Raw {
  readonly metadata: { readonly encoding: string };
  readonly data: string;
}

/** Every payload of a history; search attributes are indexed by Temporal and never sealed: ids, phases and outcomes. */
function payloadsOf(value: unknown, key = ''): Raw[] {
  if (typeof value !== 'object' || value === null || key === 'searchAttributes') return [];
  if ('metadata' in value && typeof value.metadata === 'object' && value.metadata !== null && 'encoding' in value.metadata)
    return [value as Raw];
  return Object.entries(value).flatMap(([name, part]) => payloadsOf(part, name));
}

const textOf = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

async function ends(hale: HaleUp): Promise<void> {
  process.kill(hale.pidOf('main'), 'SIGTERM');
  expect(await hale.ended).toBe(0);
}
