import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { allowedOf } from '../../adapters/machines/request.js';
import { remoteScript, sudoersLines } from '../../adapters/machines/script.js';
import type { MachineAction } from '../../domain/machine.js';
import { freshFolder } from '../support/knob.js';
import { freshRunit } from '../support/runit.js';
import { noSystemd, startSystemd, type OwnSystemd } from '../support/systemd.js';

const without = noSystemd ?? (spawnSync('sudo', ['-V']).error === undefined ? undefined : 'package sudo is not installed');
const account = 'nobody';
/** As Debian knows it. */
const uid = 65_534;

/** Runs the script as an account that is not root, where sudoers has these lines; as a way in, what comes before it. */
async function asAccount(action: MachineAction, lines: readonly string[], way: readonly string[] = [], at?: string) {
  const folder = at ?? (await freshFolder());
  const script = join(folder, 'hale-remote');
  writeFileSync(script, remoteScript([allowedOf(action)], join(folder, 'state')));
  writeFileSync(join(folder, 'sudoers'), `${lines.join('\n')}\n`);
  mkdirSync(join(folder, 'state'));
  chownSync(join(folder, 'state'), uid, uid);
  for (const one of [folder, script]) chmodSync(one, 0o755);
  const privately = `mount --make-rprivate / && mount -t tmpfs -o mode=755 tmpfs /etc/sudoers.d && cp ${folder}/sudoers /etc/sudoers.d/hale && chmod 440 /etc/sudoers.d/hale && exec "$@"`;
  return (request: string) => {
    const account = ['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '/bin/sh', script];
    const argv = [...way, 'unshare', '-m', '/bin/sh', '-c', privately, 'sh', ...account];
    const { stdout, status } = spawnSync('env', argv, { env: { PATH: process.env.PATH, SSH_ORIGINAL_COMMAND: request }, encoding: 'utf8' });
    return { status, stdout, identity: /^identity (.*)$/m.exec(stdout)?.[1] ?? '' };
  };
}

describe.skipIf(without !== undefined)(`an account that is not root${without === undefined ? '' : ` (left out: ${without})`}`, () => {
  let systemd: OwnSystemd;
  beforeAll(async () => {
    systemd = await startSystemd();
    // Accounts that are not root ask systemd over the system's bus.
    const head = '[Unit]\nDefaultDependencies=no\n';
    const program = '/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation --nosyslog';
    systemd.unit('dbus.service', `${head}[Service]\nStandardOutput=null\nExecStart=${program}\n`);
    systemd.unit('dbus.socket', `${head}[Socket]\nListenStream=/run/dbus/system_bus_socket\n`);
    systemd.systemctl('start', 'dbus.socket', 'dbus.service');
  }, 20_000);
  afterAll(() => systemd.stop());

  const unit = 'edge-agent.service';
  const restart: MachineAction = { kind: 'systemd', command: 'restart', unit };

  it('restarts a unit with the lines in sudoers that its configuration needs, and no other', async () => {
    systemd.unit(unit, '[Unit]\nDefaultDependencies=no\n[Service]\nStandardOutput=null\nExecStart=/bin/sleep 1000\n');
    systemd.systemctl('start', unit);
    const look = `look systemd restart ${unit}`;
    const none = await asAccount(restart, sudoersLines(account, [{ ...restart, unit: 'other.service' }]), systemd.prefix);
    expect(none(look).stdout).toMatch(/^noPermission nobody may not run systemctl restart -- edge-agent.service$/m);
    const ask = await asAccount(restart, sudoersLines(account, [restart]), systemd.prefix);
    const before = ask(look);
    expect(before.stdout).not.toContain('noPermission');
    const act = ask(`act systemd restart cycle/1/fix 7 0 ${before.identity} ${unit}`);
    expect(act.status).toBe(0);
    expect(act.identity).toMatch(/^loaded:active:/);
    expect(act.identity).not.toBe(before.identity);
  });

  it('is told before a restart which of its lines is missing, wants a password, or is needed since the unit has failed', async () => {
    systemd.unit(unit, '[Unit]\nDefaultDependencies=no\n[Service]\nStandardOutput=null\nExecStart=/bin/sh -c "exit 3"\n');
    systemd.systemctl('stop', unit);
    systemd.systemctl('start', unit);
    await expect.poll(() => systemd.systemctl('show', '-p', 'ActiveState', unit).trim()).toBe('ActiveState=failed');
    const [restarts = '', resets = ''] = sudoersLines(account, [restart]);
    const told = async (...lines: string[]) => {
      const ask = await asAccount(restart, lines, systemd.prefix);
      return ask(`look systemd restart ${unit}`).stdout.match(/^noPermission .*$/gm) ?? [];
    };
    const mayNot = (command: string) => `noPermission nobody may not run systemctl ${command} -- ${unit}`;
    expect(await told(restarts, resets)).toEqual([]);
    expect(await told(restarts)).toEqual([mayNot('reset-failed')]);
    expect(await told(restarts.replace('NOPASSWD: ', ''), resets)).toEqual([mayNot('restart')]);
  });

  it('restarts a service of runit with the lines in sudoers that its configuration needs, and no other', async () => {
    const { service, starts } = await freshRunit();
    chmodSync(join(service, '..'), 0o755);
    const action: MachineAction = { kind: 'runit', command: 'restart', service };
    const none = await asAccount(action, []);
    expect(none(`look runit restart ${service}`).stdout).toMatch(/^noPermission nobody may not look into /m);
    const ask = await asAccount(action, sudoersLines(account, [action]));
    const { identity, stdout } = ask(`look runit restart ${service}`);
    expect(stdout).not.toContain('noPermission');
    expect(ask(`act runit restart cycle/1/fix 7 0 ${identity} ${service}`).status).toBe(0);
    expect(await starts()).toBe(2);
  });

  it('empties the logs that it owns, and says so of those that it does not', async () => {
    const folder = join(await freshFolder(), 'logs');
    mkdirSync(folder);
    for (const one of [join(folder, '..'), folder]) chmodSync(one, 0o755);
    const log = join(folder, 'app.log');
    await writeFile(log, 'x'.repeat(2_000), { mode: 0o644 });
    const action: MachineAction = {
      kind: 'disk',
      command: 'truncateLogs',
      under: [folder],
      atLeastBytes: 1_000,
      olderThanMs: 0,
      filesMax: 1,
    };
    const target = `none 1000 0 1 ${folder}`;
    const ask = await asAccount(action, []);
    expect(ask(`look disk truncateLogs ${target}`).stdout).toMatch(/^noPermission nobody may not write .*app\.log$/m);
    chownSync(log, uid, uid);
    const { identity } = ask(`look disk truncateLogs ${target}`);
    expect(ask(`act disk truncateLogs cycle/1/fix 7 0 ${identity} ${target}`).status).toBe(0);
    expect((await stat(log)).size).toBe(0);
  });

  describe('where a log has filled the file system on which the journal lies too', () => {
    /** Asks as the account that owns the log, once it has looked while there was room. */
    async function filled() {
      const disk = join(await freshFolder(), 'disk');
      mkdirSync(disk);
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
      onTestFinished(() => void spawnSync('umount', [disk]));
      chmodSync(join(disk, '..'), 0o755);
      const [folder, log] = [join(disk, 'logs'), join(disk, 'logs', 'app.log')];
      mkdirSync(folder);
      writeFileSync(log, 'x'.repeat(2_000));
      chownSync(log, uid, uid);
      const bounds = { atLeastBytes: 1_000, olderThanMs: 0, filesMax: 1 };
      const ask = await asAccount({ kind: 'disk', command: 'truncateLogs', under: [folder], ...bounds }, [], [], disk);
      const target = `none 1000 0 1 ${folder}`;
      const { identity } = ask(`look disk truncateLogs ${target}`);
      expect(spawnSync('sh', ['-c', `cat /dev/zero >>${log}`], { encoding: 'utf8' }).stderr).toContain('No space left on device');
      const size = async () => (await stat(log)).size;
      return {
        size,
        reserve: join(disk, 'state', 'reserve'),
        act: () => ask(`act disk truncateLogs cycle/1/fix 7 0 ${identity} ${target}`),
      };
    }

    it('empties it, since it has set room aside for what it writes down before', async () => {
      const { act, size } = await filled();
      expect(act()).toMatchObject({ status: 0 });
      expect(await size()).toBe(0);
    });

    it('says that there is no room, where nothing was set aside', async () => {
      const { act, size, reserve } = await filled();
      const before = await size();
      rmSync(reserve);
      spawnSync('sh', ['-c', `cat /dev/zero >${reserve}.taken`]);
      expect(act()).toMatchObject({ status: 77, stdout: expect.stringMatching(/^refused state folder .*: No space left on device\n$/) });
      expect(await size()).toBe(before);
    });
  });

  const asking = (action: MachineAction): string => `may ${allowedOf(action)}`;

  it.each<MachineAction>([
    restart,
    { kind: 'systemd', command: 'start', unit },
    { kind: 'systemd', command: 'resetFailed', unit },
    { kind: 'runit', command: 'restart', service: '/etc/service/shop' },
  ])('is told, when it asks, which line of sudoers is missing: $kind $command', async (action) => {
    const lines = sudoersLines(account, [action]);
    const all = await asAccount(action, lines);
    expect(all(asking(action)).stdout).toMatch(/^may /m);
    expect(all(asking(action)).stdout).not.toMatch(/^(mayNot|tooMuch) /m);
    for (const line of lines) {
      const ask = await asAccount(
        action,
        lines.filter((one) => one !== line),
      );
      expect(ask(asking(action)).stdout.match(/^mayNot .*$/gm)).toEqual([`mayNot ${line.split('/usr/bin/')[1]}`]);
    }
  });

  it('is told of a line that would want a password, however long the line is', async () => {
    const long: MachineAction = { kind: 'systemd', command: 'restart', unit: `${'edge-agent-of-a-long-name'.repeat(3)}.service` };
    const [first = '', second = ''] = sudoersLines(account, [long]);
    const told = async (...lines: string[]) => {
      const { stdout } = (await asAccount(long, lines))(asking(long));
      return stdout.match(/^may(Not)? systemctl \S+ [a-z-]+/gm);
    };
    const [restarts, resets] = ['systemctl --no-ask-password restart', 'systemctl --no-ask-password reset-failed'];
    expect(await told(first, second)).toEqual([`may ${restarts}`, `may ${resets}`]);
    expect(await told(first, second.replace('NOPASSWD: ', ''))).toEqual([`may ${restarts}`, `mayNot ${resets}`]);
    expect(await told(`${account} ALL=(root) NOPASSWD: /usr/bin/systemctl --no-ask-password *`)).toEqual([
      `may ${restarts}`,
      `may ${resets}`,
    ]);
    expect(await told(`${first}, ${second.split('NOPASSWD: ')[1]}`, `${account} ALL=(root) /usr/bin/id`)).toEqual([
      `may ${restarts}`,
      `may ${resets}`,
    ]);
  });

  it('does not take for gone what it may not see, and is told so when it asks', async () => {
    const folder = join(await freshFolder(), 'logs');
    mkdirSync(folder);
    for (const one of [join(folder, '..'), folder]) chmodSync(one, 0o755);
    const [log, ready] = [join(folder, 'app.log'), join(folder, 'ready')];
    const holder = spawn('sh', ['-c', `exec 3>>${log}; echo much >&3; rm ${log}; : >${ready}; exec sleep 1000`], { stdio: 'ignore' });
    onTestFinished(() => void holder.kill('SIGKILL'));
    await expect.poll(() => existsSync(ready)).toBe(true);
    const bounds = { atLeastBytes: 1, olderThanMs: 0, filesMax: 1 };
    const action: MachineAction = { kind: 'disk', command: 'reopenLogs', signal: 'HUP', under: [folder], ...bounds };
    const ask = await asAccount(action, []);
    const blind = 'nobody may not see what processes of others hold open';
    expect(ask(`look ${allowedOf(action)}`).stdout).toMatch(new RegExp(`^noPermission ${blind}$`, 'm'));
    expect(ask(asking(action)).stdout).toContain(`mayNot own the logs under ${folder}: ${blind}\n`);
  });

  it('is told which log it does not own, when it asks', async () => {
    const folder = join(await freshFolder(), 'logs');
    mkdirSync(folder);
    for (const one of [join(folder, '..'), folder]) chmodSync(one, 0o755);
    writeFileSync(join(folder, 'app.log'), 'x', { mode: 0o644 });
    const bounds = { atLeastBytes: 1_000_000, olderThanMs: 3_600_000, filesMax: 1 };
    const action: MachineAction = { kind: 'disk', command: 'truncateLogs', under: [folder], ...bounds };
    const ask = await asAccount(action, []);
    expect(ask(asking(action)).stdout).toContain(`mayNot own the logs under ${folder}: nobody may not write ${folder}/app.log\n`);
    chownSync(join(folder, 'app.log'), uid, uid);
    expect(ask(asking(action)).stdout).toContain(`may own the logs under ${folder}\n`);
  });
});
