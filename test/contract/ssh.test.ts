import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commands } from '../../adapters/exec/commands.js';
import { machines } from '../../adapters/machines/machines.js';
import { allowedOf } from '../../adapters/machines/request.js';
import { runitProvider } from '../../adapters/machines/runit.js';
import { localScript, remoteScript } from '../../adapters/machines/script.js';
import { systemdProvider } from '../../adapters/machines/systemd.js';
import { diskProvider } from '../../adapters/machines/disk.js';
import { ActionFailed, NotPermitted, TargetRefused } from '../../domain/failure.js';
import type { Machine, MachineAction } from '../../domain/machine.js';
import type { Provider } from '../../activities/ports.js';
import { noBareMachine } from '../support/bare-machine.js';
import { injections } from '../support/injections.js';
import { freshFolder } from '../support/knob.js';
import { overSsh } from '../support/machine.js';
import { keyOf } from '../support/machine-journal.js';
import { freshRunit } from '../support/runit.js';
import { callOn, type Bench } from '../../testing/provider.contract.js';

type Runit = Extract<MachineAction, { kind: 'runit' }>;

const somewhere: Machine = { host: 'web-1', port: 22, user: 'hale', key: { file: '/k' }, knownHosts: '/etc/hale/known_hosts', atOnce: 1 };

async function arranged() {
  const way = await overSsh();
  const runit = await freshRunit();
  const action = way.aim<Runit>({ kind: 'runit', command: 'restart', service: runit.service });
  const bench: Bench<Runit> = {
    provider: runitProvider(way.machines),
    target: { service: 'shop', action, timeoutMs: 10_000 },
    effects: async () => (await runit.starts()) - 1,
    state: runit.process,
    remove: async () => undefined,
  };
  return { ...way, runit, bench, machine: action.machine ?? somewhere };
}

describe('command injection', () => {
  it.each(injections)('%j reaches no program from any slot of an action', async (text) => {
    let started = 0;
    const counted = { ...commands, run: async () => ({ kind: 'killed' as const, sentence: `started ${++started}` }) };
    const on = machines({ commands: counted, state: '/nowhere' });
    const disk = {
      kind: 'disk',
      command: 'reopenLogs',
      under: ['/var/log/a'],
      atLeastBytes: 1,
      olderThanMs: 0,
      filesMax: 1,
      signal: 'HUP',
    } as const;
    const actions: MachineAction[] = [
      { kind: 'systemd', command: 'restart', unit: text },
      { kind: 'systemd', command: 'restart', unit: `${text}.service` },
      { kind: 'systemd', command: 'restart', unit: 'a.service', machine: { ...somewhere, host: text } },
      { kind: 'systemd', command: 'restart', unit: 'a.service', machine: { ...somewhere, user: text } },
      { kind: 'systemd', command: 'restart', unit: 'a.service', machine: { ...somewhere, knownHosts: `/${text}` } },
      { kind: 'runit', command: 'restart', service: text },
      { kind: 'runit', command: 'restart', service: `/etc/service/${text}` },
      { ...disk, under: ['/var/log/a', `/var/log/${text}`] },
      { ...disk, signal: text as 'HUP' },
    ];
    const providers = { systemd: systemdProvider(on), runit: runitProvider(on), disk: diskProvider(on) };
    for (const action of actions) {
      const provider = providers[action.kind] as Provider;
      const target = { service: 'shop', action, timeoutMs: 1_000 };
      const before = await provider.image(target);
      expect(await provider.examine(target, before, undefined)).toMatchObject({ applicable: false });
      const call = { ...target, actionId: text, fence: '1', before, abort: new AbortController().signal, permit: async () => undefined };
      await expect(provider.apply(call)).rejects.toThrow(TargetRefused);
    }
    expect(started).toBe(0);
  });

  it('is refused by the script too, in every place of a request, before it looks at anything', async () => {
    const state = join(await freshFolder(), 'state');
    const requests = [
      'act runit restart cycle/1 7 0 run:1:2 /etc/service/shop',
      'find systemd restart cycle/1 7 edge-agent.service',
      'look disk reopenLogs HUP 1 0 1 /var/log/shop',
      'may runit restart /etc/service/shop',
    ].map((request) => request.split(' '));
    for (const text of injections.filter((one) => !one.includes('\0')))
      for (const words of [[text], ...requests.flatMap((safe) => [...safe.keys()].map((place) => safe.with(place, text)))]) {
        const { stdout, status } = spawnSync('/bin/sh', ['-c', localScript, 'hale-remote', state, words.join(' ')], { encoding: 'utf8' });
        expect([words, status, stdout]).toEqual([words, 77, expect.stringMatching(/^refused [^\n]*\n$/)]);
        expect([words, existsSync(state)]).toEqual([words, false]);
      }
    expect(existsSync('/tmp/hale-injected')).toBe(false);
  }, 60_000);

  it('by a key that was stolen gets no shell, no file, no terminal and no tunnel, and no target that is not allowed', async () => {
    const { sshd, runit, bench } = await arranged();
    const { machine } = sshd;
    const ssh = (...args: string[]) =>
      spawnSync(
        'ssh',
        [
          '-F',
          'none',
          '-o',
          'BatchMode=yes',
          '-o',
          `UserKnownHostsFile=${machine.knownHosts}`,
          '-i',
          'file' in machine.key ? machine.key.file : '',
          '-p',
          String(machine.port),
          ...args,
        ],
        { encoding: 'utf8', input: 'id\n', timeout: 10_000 },
      );
    const to = `${machine.user}@${machine.host}`;
    for (const args of [
      [to],
      [to, 'id'],
      [to, '/bin/sh -c id'],
      ['-s', to, 'sftp'],
      [to, `look runit restart ${runit.service}; id`],
      [to, 'look runit restart /etc/service/other'],
      [to, `look runit start ${runit.service}`],
    ]) {
      const { stdout, status } = ssh(...args);
      expect([args, status, stdout]).toEqual([args, 77, expect.stringMatching(/^refused [^\n]*\r?\n$/)]);
    }
    expect(ssh('-tt', to)).toMatchObject({ stdout: '', status: 255, stderr: expect.stringContaining('PTY allocation request failed') });
    expect(ssh('-W', '127.0.0.1:1', to).stderr).toMatch(/administratively prohibited|forwarding|open failed/);
    expect(await bench.effects()).toBe(0);
  });
});

describe('ssh', () => {
  it('talks to no machine whose key is not known, or is another', async () => {
    const { bench, machine } = await arranged();
    const folder = await freshFolder();
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'other')]);
    const known = join(folder, 'known_hosts');
    for (const text of ['', `[127.0.0.1]:${machine.port} ${readFileSync(join(folder, 'other.pub'), 'utf8')}`]) {
      writeFileSync(known, text);
      const target = { ...bench.target, action: { ...bench.target.action, machine: { ...machine, knownHosts: known } } };
      const seen = await bench.provider.examine(target, await bench.provider.image(target), undefined);
      expect(seen).toMatchObject({ applicable: false, reason: expect.stringMatching(/^unavailable: .*Host key verification failed/s) });
    }
  });

  it('takes a key from the environment in a file without a name, so that however hale ends no copy is left', async () => {
    const { bench, machine } = await arranged();
    const key = readFileSync('file' in machine.key ? machine.key.file : '', 'utf8');
    process.env.HALE_TEST_SSH_KEY = key;
    onTestFinished(() => void delete process.env.HALE_TEST_SSH_KEY);
    const copies = (): string[] => {
      const where = ['-L', '/dev/shm', `/proc/${process.pid}/fd`, '-type', 'f', '-size', '-9k'];
      const lines = key.trim().split('\n');
      return spawnSync('find', [...where, '-exec', 'grep', '-lF', lines.at(-2) ?? '', '{}', '+'], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter((file) => file !== '');
    };
    const talking: string[][] = [];
    const run: typeof commands.run = async (argv, errand) => {
      talking.push(copies());
      return commands.run(argv, errand);
    };
    const provider = runitProvider(machines({ commands: { ...commands, run }, state: '/nowhere' }));
    const target = { ...bench.target, action: { ...bench.target.action, machine: { ...machine, key: { env: 'HALE_TEST_SSH_KEY' } } } };
    const { summary } = await provider.apply(await callOn({ ...bench, provider, target }));
    expect(summary).toMatch(/run: \(pid/);
    expect(talking.length).toBeGreaterThan(0);
    for (const one of talking) expect(one).toEqual([expect.stringMatching(/^\/proc\/\d+\/fd\/\d+$/)]);
    expect(copies()).toEqual([]);
  });

  describe.skipIf(noBareMachine !== undefined)('where the account has settings, keys and an agent of its own', () => {
    /** A home in which everything is set that must not count. The key that the machine knows lies where ssh looks by itself. */
    async function atHome() {
      const arrangement = await arranged();
      const folder = await freshFolder();
      const [made, settings] = [join(folder, 'made'), join(folder, 'config')];
      const key = 'file' in arrangement.machine.key ? arrangement.machine.key.file : '';
      writeFileSync(
        settings,
        `Host *\nProxyCommand touch ${made}\nKnownHostsCommand /usr/bin/touch ${made}\nLocalCommand touch ${made}\nPermitLocalCommand yes
ForwardAgent yes\nForwardX11 yes\nLocalForward 127.0.0.1:0 127.0.0.1:1\nControlMaster auto\nControlPath ${made}\nSendEnv *\nIdentityFile ${key}\n`,
      );
      const home = `mount --make-rprivate / && mount -t tmpfs -o mode=700 tmpfs ~ && mkdir -m 700 ~/.ssh && cp ${settings} ~/.ssh/config && cp ${key} ~/.ssh/id_ed25519 && exec "$@"`;
      const within = (argv: readonly string[]) => ['unshare', '-m', '/bin/sh', '-c', `HOME=${userInfo().homedir}; ${home}`, 'sh', ...argv];
      const seen: string[] = [];
      const run: typeof commands.run = async (argv, errand) => {
        const shown = await commands.run(within(argv.toSpliced(1, 0, '-G')), errand);
        if (shown.kind === 'exited') seen.push(...shown.stdout.split('\n'));
        return commands.run(within(argv), errand);
      };
      const provider = runitProvider(machines({ commands: { ...commands, run }, state: '/nowhere' }));
      const look = async (change: Partial<Machine> = {}) => {
        const { target } = arrangement.bench;
        return (await provider.image({ ...target, action: { ...target.action, machine: { ...arrangement.machine, ...change } } })).summary;
      };
      return { look, seen, made, key };
    }

    it('talks by none of the settings', async () => {
      const { look, seen, made, key } = await atHome();
      expect(await look()).toMatch(/run: \(pid/);
      expect(existsSync(made)).toBe(false);
      const telling =
        /^(batchmode|stricthostkeychecking|identity(file|agent)|proxy(command|jump)|\w+command|(local|remote|dynamic)forward|forward(agent|x11)|tunnel|control(master|path)|sendenv|(hostbased|gssapi)authentication|preferredauthentications) /;
      expect(seen.filter((line) => telling.test(line)).toSorted()).toEqual([
        'batchmode yes',
        'controlmaster false',
        'forwardagent no',
        'forwardx11 no',
        'gssapiauthentication no',
        'hostbasedauthentication no',
        `identityfile ${key}`,
        'identityfile none',
        'permitlocalcommand no',
        'preferredauthentications publickey',
        'stricthostkeychecking true',
        'tunnel false',
      ]);
    });

    it('talks by no other key, wherever that lies', async () => {
      const { look, key } = await atHome();
      const folder = await freshFolder();
      const [other, socket] = [join(folder, 'other'), join(folder, 'agent')];
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other]);
      const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
      onTestFinished(() => void agent.kill());
      await expect.poll(() => existsSync(socket)).toBe(true);
      const before = process.env.SSH_AUTH_SOCK;
      process.env.SSH_AUTH_SOCK = socket;
      onTestFinished(() => void (before === undefined ? delete process.env.SSH_AUTH_SOCK : (process.env.SSH_AUTH_SOCK = before)));
      execFileSync('ssh-add', ['-q', key]);
      for (const file of [other, join(folder, 'missing')]) expect(await look({ key: { file } })).toMatch(/Permission denied \(publickey\)/);
    });
  });

  it('says unavailable with a reason where the key is refused, is missing, or nobody listens', async () => {
    const { bench, machine } = await arranged();
    const reasonFor = async (change: Partial<Machine>) => {
      const target = { ...bench.target, action: { ...bench.target.action, machine: { ...machine, ...change } } };
      const seen = await bench.provider.examine(target, await bench.provider.image(target), undefined);
      return seen.applicable ? 'applicable' : seen.reason;
    };
    expect(await reasonFor({ key: { file: '/nowhere/key' } })).toMatch(/^unavailable: .*Permission denied \(publickey\)/s);
    expect(await reasonFor({ key: { env: 'HALE_NOT_SET' } })).toMatch(/^unavailable: .*HALE_NOT_SET with the secret is not set/);
    expect(await reasonFor({ port: 1 })).toMatch(/^unavailable: .*Connection refused/s);
  });

  it('talks to no more machines at once than it may', async () => {
    let now = 0;
    let most = 0;
    const run: typeof commands.run = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return { kind: 'killed', sentence: 'enough' };
    };
    const on = machines({ commands: { ...commands, run }, state: '/nowhere' });
    const action = { kind: 'systemd', command: 'restart', unit: 'a.service', machine: { ...somewhere, atOnce: 2 } } as const;
    await Promise.all(Array.from({ length: 9 }, () => on.look({ service: 'shop', action, timeoutMs: 1_000 })));
    expect(most).toBe(2);
  });
});

describe('machines that are reached in the same way', () => {
  const at = (host: string, atOnce = 1) => {
    const action = { kind: 'systemd', command: 'restart', unit: 'a.service', machine: { ...somewhere, host, atOnce } } as const;
    return { service: 'shop', action, timeoutMs: 600_000 };
  };

  /** The first that is talked to keeps its place until it is let go. */
  function oneTakesLong(patienceMs = 60_000) {
    const asked: string[] = [];
    let letGo = (): void => undefined;
    const long = new Promise<void>((resolve) => void (letGo = resolve));
    const run: typeof commands.run = async (argv) => {
      asked.push(argv.at(-2) ?? '');
      if (asked.length === 1) await long;
      return { kind: 'killed', sentence: 'enough' };
    };
    return { on: machines({ commands: { ...commands, run }, state: '/nowhere', patienceMs }), asked, letGo };
  }

  it('are not waited for by who was called off, and not by who comes after', async () => {
    const { on, asked, letGo } = oneTakesLong();
    const caller = new AbortController();
    const looks = [on.look(at('first')), on.look(at('second'), caller.signal), on.look(at('third'))];
    caller.abort();
    expect(await looks[1]).toEqual({ kind: 'refused', why: 'it was called off before its turn came' });
    expect(await on.look(at('fourth'), caller.signal)).toMatchObject({ kind: 'refused' });
    letGo();
    await Promise.all(looks);
    expect(asked).toEqual(['first', 'third']);
  });

  it('are not waited for without end where nobody can call it off', async () => {
    const { on, asked, letGo } = oneTakesLong(50);
    const first = on.look(at('first'));
    expect(await on.look(at('second'))).toMatchObject({ kind: 'refused', why: expect.stringContaining('called off') });
    letGo();
    await first;
    expect(asked).toEqual(['first']);
  });

  it('keep no place for long when they are switched off, or only looked at', async () => {
    const told: unknown[] = [];
    const run: typeof commands.run = async (argv, { timeoutMs }) => {
      told.push([argv.find((one) => one.startsWith('ConnectTimeout=')), timeoutMs]);
      return { kind: 'killed', sentence: 'enough' };
    };
    const on = machines({ commands: { ...commands, run }, state: '/nowhere' });
    await on.look(at('web-1'));
    await on.look({ ...at('web-1'), timeoutMs: 3_000 });
    await on.find({ ...at('web-1'), actionId: 'cycle/1/fix', fence: '7', abort: new AbortController().signal });
    expect(told).toEqual([
      ['ConnectTimeout=10', 15_000],
      ['ConnectTimeout=3', 3_000],
      ['ConnectTimeout=10', 600_000],
    ]);
  });

  it('are acted upon only if that is permitted when their turn has come', async () => {
    const { bench, machine } = await arranged();
    const action = { ...bench.target.action, machine: { ...machine, atOnce: 1 } };
    let isStopped = false;
    let other: Promise<unknown> = Promise.resolve();
    const run: typeof commands.run = async (argv, errand) => {
      if (argv.at(-1) === 'look systemd restart a.service') {
        await new Promise((resolve) => setImmediate(resolve));
        isStopped = true;
        return { kind: 'killed', sentence: 'enough' };
      }
      const end = await commands.run(argv, errand);
      other = on.look({ ...at(machine.host), action: { ...at('').action, machine: action.machine } });
      return end;
    };
    const on = machines({ commands: { ...commands, run }, state: '/nowhere' });
    const permit = async () => {
      if (isStopped) throw new NotPermitted('automation is stopped');
    };
    const call = await callOn({ ...bench, target: { ...bench.target, action } }, { permit });
    await expect(runitProvider(on).apply(call)).rejects.toThrow(NotPermitted);
    await other;
    expect(await bench.effects()).toBe(0);
  });
});

describe('row 44 over ssh', () => {
  /** The machine answers looks as ever; to an act it does this instead. */
  const misbehaving = async (instead: string) => {
    const arrangement = await arranged();
    const wrapper = join(await freshFolder(), 'wrapper');
    writeFileSync(
      wrapper,
      `#!/bin/sh\ncase $SSH_ORIGINAL_COMMAND in act*) ${instead} ;; *) exec ${arrangement.sshd.folder}/hale-remote ;; esac\n`,
    );
    chmodSync(wrapper, 0o755);
    arrangement.sshd.force(wrapper);
    return arrangement;
  };

  it.each([
    ['exits 0 with error text', 'echo "error: disk full"; exit 0', /exited with 0; it printed: error: disk full/],
    ['exits 137', 'exit 137', /exited with 137/],
    ['is killed', 'kill -9 $$', /exited with (137|255)/],
    ['never exits', 'sleep 100', /did not end within 3000 ms/],
    ['forks and leaves a child', '(sleep 5; echo late) & echo started', /within 3000 ms|exited with 0/],
    ['prints without end', 'exec cat /dev/zero', /did not end within 3000 ms/],
    ['needs a terminal', 'test -t 0 || { echo "needs a terminal"; exit 1; }', /needs a terminal/],
    ['reads its input', 'cat; echo read', /exited with 0; it printed: read/],
  ])('a machine that %s has not said that it acted: it is asked what became of it', async (_, instead, sentence) => {
    const { bench } = await misbehaving(instead);
    const call = await callOn(bench, { timeoutMs: 3_000 });
    const began = process.memoryUsage().rss;
    const applied = bench.provider.apply(call);
    await expect(applied).rejects.toThrow(sentence);
    await expect(applied).rejects.not.toBeInstanceOf(TargetRefused);
    await expect(applied).rejects.not.toBeInstanceOf(ActionFailed);
    expect(process.memoryUsage().rss - began).toBeLessThan(200_000_000);
    expect(await bench.provider.readBack({ ...call, timeoutMs: 10_000 })).toEqual({ kind: 'notApplied' });
    expect(await bench.effects()).toBe(0);
  });
});

describe('the script', () => {
  it.each(['here', 'over ssh'])('lets go of a target %s when its time is up, whatever it has met with', async (where) => {
    const shortly = (text: string): string => text.replace(/(?<=^|timeout )1300\b/, '1');
    const run: typeof commands.run = (argv, errand) => commands.run(argv.map(shortly), errand);
    const here = { state: await freshFolder(), aim: (action: Runit) => action };
    const { sshd, ...way } = where === 'here' ? { ...here, sshd: undefined } : await overSsh();
    const action = way.aim({ kind: 'runit', command: 'restart', service: '/etc/service/none' });
    if (sshd !== undefined) {
      const script = join(sshd.folder, 'hale-remote');
      writeFileSync(script, shortly(readFileSync(script, 'utf8')));
    }
    const on = machines({ commands: { ...commands, run }, state: way.state });
    const abort = new AbortController().signal;
    const call = { service: 'shop', action, timeoutMs: 30_000, actionId: 'mine', fence: '7', abort, permit: async () => undefined };
    await on.look(call);
    const pipe = join(way.state, keyOf(action), 'fence.new');
    execFileSync('mkfifo', [pipe]);
    expect(await on.act(call, '0', 'absent')).toMatchObject({ kind: 'lost', why: expect.stringContaining('exited with 124') });
    rmSync(pipe);
    expect(await on.find(call)).toMatchObject({ kind: 'answered', facts: { journal: ['none'] } });
  });

  it.skipIf(spawnSync('shellcheck', ['--version']).error !== undefined)('is clean to shellcheck, here and there', () => {
    for (const text of [
      `#!/bin/sh\n${localScript}`,
      remoteScript([allowedOf({ kind: 'systemd', command: 'restart', unit: 'a.service' })]),
    ]) {
      const { stdout, status } = spawnSync('shellcheck', ['-s', 'sh', '-'], { input: text, encoding: 'utf8' });
      expect([stdout, status]).toEqual(['', 0]);
    }
  });

  it('asks for a signal where logs are to be opened anew', async () => {
    const request = 'look disk reopenLogs none 1 0 1 /var/log/shop';
    const { stdout, status } = spawnSync('/bin/sh', ['-c', localScript, 'hale-remote', await freshFolder(), request], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([77, 'refused reopenLogs needs a signal\n']);
  });

  it('is not made with a target that is no word', () => {
    expect(() => remoteScript(["systemd restart a.service'; id; '"])).toThrow(/can't be in the script/);
  });
});
