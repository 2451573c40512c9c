import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemdProvider } from '../../adapters/machines/systemd.js';
import { ActionFailed } from '../../domain/failure.js';
import type { Action } from '../../domain/service.js';
import { holdLock, locally, overSsh, type Way } from '../support/machine.js';
import { noSystemd, startSystemd, type OwnSystemd } from '../support/systemd.js';
import { callOn, holdsProviderContract, type Bench } from '../../testing/provider.contract.js';

type Systemd = Extract<Action, { kind: 'systemd' }>;
type SystemdBench = Bench<Systemd> & { readonly way: Way };

const without = { goal: 'a new start is all that can come of it', undo: 'a new start can not be taken back' };

describe.skipIf(noSystemd !== undefined)(`a real systemd over ssh${noSystemd === undefined ? '' : ` (left out: ${noSystemd})`}`, () => {
  let systemd: OwnSystemd;
  beforeAll(async () => void (systemd = await startSystemd()), 20_000);
  afterAll(() => systemd.stop());

  const ledger = (): string => join(systemd.folder, 'ledger');
  const running = (program = 'exec sleep 1000', more = ''): string =>
    `[Unit]\nDefaultDependencies=no\n${more}[Service]\nStandardOutput=null\nExecStart=/bin/sh -c 'echo started >>${ledger()}; ${program}'\n`;

  async function benchWith(text: string, command: Systemd['command'] = 'restart'): Promise<SystemdBench> {
    const unit = 'edge-agent.service';
    writeFileSync(ledger(), '');
    systemd.unit(unit, text);
    systemd.systemctl('stop', unit);
    systemd.systemctl('reset-failed');
    const starts = (): number => readFileSync(ledger(), 'utf8').split('\n').length - 1;
    const way = await overSsh(systemd.prefix);
    const action = way.aim<Systemd>({ kind: 'systemd', command, unit });
    let before = 0;
    return {
      way,
      provider: systemdProvider(way.machines),
      target: { service: 'edge-agent', action, timeoutMs: 20_000 },
      effects: async () => starts() - before,
      state: async () => systemd.systemctl('show', '-p', 'InvocationID', unit),
      disturb: async () => {
        systemd.systemctl('restart', unit);
        await expect.poll(starts).toBe(before + 1);
        before++;
      },
      loseAnswers: way.loseAnswers,
      hang: () => holdLock(way.state, action),
      remove: async () => {
        systemd.systemctl('stop', unit);
        systemd.unit(unit);
      },
      start: async () => {
        systemd.systemctl('start', unit);
        await expect.poll(starts).toBe(1);
        before = 1;
      },
    } as SystemdBench & { start: () => Promise<void> };
  }

  const up = async (): Promise<SystemdBench> => {
    const bench = (await benchWith(running())) as SystemdBench & { start: () => Promise<void> };
    await bench.start();
    return bench;
  };
  const failed = () =>
    expect.poll(() => systemd.systemctl('show', '-p', 'ActiveState', 'edge-agent.service').trim()).toBe('ActiveState=failed');
  const examine = async ({ provider, target }: SystemdBench) => provider.examine(target, await provider.image(target), undefined);

  holdsProviderContract('systemd', up, without);

  it('starts a unit that had started too often: its failure is reset first', async () => {
    const mended = join(systemd.folder, 'mended');
    const bench = await benchWith(
      running(`test -e ${mended} && exec sleep 1000; exit 3`, 'StartLimitBurst=1\nStartLimitIntervalSec=600\n'),
    );
    systemd.systemctl('start', 'edge-agent.service');
    await failed();
    writeFileSync(mended, '');
    expect(() => systemd.systemctl('restart', 'edge-agent.service')).toThrow(/repeated too quickly|failed/);
    expect(await examine(bench)).toMatchObject({
      applicable: true,
      evidence: expect.stringMatching(/failed \(failed\), exit-code, exit status 3$/),
    });
    expect(await bench.provider.apply(await callOn(bench))).toMatchObject({
      summary: expect.stringMatching(/is active \(running\), process \d+/),
    });
  });

  it('says that a restart was in vain, with what systemd says', async () => {
    const bench = await benchWith(`${running()}Type=oneshot\nExecStartPre=/bin/false\n`);
    const applied = bench.provider.apply(await callOn(bench));
    await expect(applied).rejects.toThrow(ActionFailed);
    await expect(applied).rejects.toThrow(/Job for edge-agent.service failed/);
  });

  it('resets a failure and starts nothing', async () => {
    const bench = await benchWith(running('exit 3'), 'resetFailed');
    expect(await examine(bench)).toMatchObject({ applicable: false, reason: expect.stringContaining('has not failed') });
    systemd.systemctl('start', 'edge-agent.service');
    await failed();
    expect(await bench.provider.apply(await callOn(bench))).toMatchObject({ summary: expect.stringContaining('is inactive (dead)') });
  });

  it('leaves alone what is masked, at work on a start of its own, gone, or started already, and says so', async () => {
    const bench = await benchWith(running('exit 3', '').replace('[Service]', '[Service]\nRestart=always\nRestartSec=60\n'));
    systemd.systemctl('start', 'edge-agent.service');
    await expect.poll(() => systemd.systemctl('show', '-p', 'SubState', 'edge-agent.service').trim()).toBe('SubState=auto-restart');
    expect(await examine(bench)).toMatchObject({
      applicable: false,
      reason: expect.stringMatching(/is activating \(auto-restart\): systemd is at work/),
    });
    systemd.systemctl('stop', 'edge-agent.service');
    systemd.unit('edge-agent.service', '');
    expect(await examine(bench)).toMatchObject({ applicable: false, reason: expect.stringMatching(/is masked: somebody has forbidden/) });
    systemd.unit('edge-agent.service');
    expect(await examine(bench)).toMatchObject({ applicable: false, reason: 'gone: there is no unit edge-agent.service' });
    const started = (await benchWith(running(), 'start')) as SystemdBench & { start: () => Promise<void> };
    await started.start();
    expect(await examine(started)).toMatchObject({ applicable: false, reason: expect.stringMatching(/^already so: .* is active/) });
  });
});

describe('systemd', () => {
  it.skipIf(readFileSync('/proc/1/comm', 'utf8') === 'systemd\n')('is unavailable where PID 1 is another program', async () => {
    const way = await locally();
    const target = { service: 'shop', action: { kind: 'systemd', command: 'restart', unit: 'shop.service' }, timeoutMs: 5_000 } as const;
    const provider = systemdProvider(way.machines);
    const seen = await provider.examine(target, await provider.image(target), undefined);
    expect(seen).toMatchObject({
      applicable: false,
      reason: expect.stringMatching(/^unavailable: (System has not been booted with systemd|there is no systemctl)/),
    });
  });
});
