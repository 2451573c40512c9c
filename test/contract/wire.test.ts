import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { wireBenches } from './wire/benches/index.js';
import { http } from './wire/benches/http.js';
import { plugIn } from './wire/benches/plug-in.js';
import type { WireBench } from './wire/bench.js';
import { faults } from './wire/faults.js';
import { type Cell, runCell, runOnTheWire, tableOf } from './wire/run.js';

const seeds = 5;

describe('on a line that fails, with workers that are killed, by the account of its target', () => {
  let cells: readonly Cell[] = [];
  beforeAll(async () => void (cells = await runOnTheWire(wireBenches, { seeds })), 400_000);
  afterAll(() => console.log(tableOf(cells)));

  const pairs = wireBenches.flatMap((bench) => faults.map((fault) => [bench.name, fault.name] as const));
  it.each(pairs)('%s does nothing twice and loses nothing: %s', (bench, fault) => {
    const cell = cells.find((one) => one.bench === bench && one.fault === fault);
    expect(cell?.problems).toEqual([]);
    expect(cell).toMatchObject({ doubled: 0, lost: 0, ...(cell?.leftOut === undefined && { seeds, held: seeds }) });
  });
});

describe('a provider that breaks its word is found out', () => {
  /** A provider, that of http where none is named, with one method that lies. */
  async function lying(method: string, bench: Pick<WireBench, 'provider'> = http): Promise<WireBench> {
    const folder = await mkdtemp(join(tmpdir(), 'hale-lying-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'provider.mjs');
    const text = `import { ${bench.provider.name} as make } from ${JSON.stringify(`file://${bench.provider.file}`)};
      export const provider = () => { const honest = make(); return { ...honest, ${method} }; };`;
    await writeFile(file, text);
    return { ...bench, provider: { file, name: 'provider' } } as unknown as WireBench;
  }

  const under = async (bench: WireBench, name: string) => {
    const fault = faults.find((one) => one.name === name);
    if (fault === undefined) throw new Error(`there is no fault ${name}`);
    return runCell(bench, fault, 2);
  };

  it('where it reads back that nothing was done', async () => {
    const cell = await under(await lying(`readBack: async () => ({ kind: 'notApplied' })`), 'answer lost');
    expect(cell).toMatchObject({ held: 0, doubled: 1, lost: 1 });
  });

  it('where it knows nothing of what a worker did that was killed, though there is no wire', async () => {
    const cell = await under(await lying(`readBack: async () => ({ kind: 'notApplied' })`, plugIn), 'answer lost');
    expect(cell.problems.join()).toContain('the verdict is applied, not notApplied');
    expect(cell.lost).toBeGreaterThan(0);
  });

  it('where it calls refused what it may have done', async () => {
    const refused = `apply: (call) => honest.apply(call).catch((error) => { throw Object.assign(error, { name: 'TargetRefused' }); })`;
    expect(await under(await lying(refused), 'hang')).toMatchObject({ held: 1, lost: 1 });
  });

  it('where its undo says more than it did', async () => {
    const undone = `undo: async (call, after) => ({ kind: 'undone', now: after })`;
    expect(await under(await lying(undone), 'undo fails')).toMatchObject({ held: 0 });
    expect(await under(await lying(undone), 'changed meanwhile')).toMatchObject({ held: 0 });
  });
});
