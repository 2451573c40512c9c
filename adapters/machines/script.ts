import { readFileSync } from 'node:fs';
import type { Machine, MachineAction } from '../../domain/machine.js';
import { publicKeyOf } from './public-key.js';
import { typed, wordsOf } from './request.js';

/** Where the script lies on a machine that is reached by ssh, and where it keeps its fences and its journal. */
export const scriptPath = '/usr/local/lib/hale/hale-remote';
const statePath = '/var/lib/hale-remote';

const body = readFileSync(new URL('hale-remote.sh', import.meta.url), 'utf8');

/** What the script finds set, whoever starts it. */
const surroundings = `LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
`;

/**
 * Whatever a request meets with, it keeps its target for no longer: a little more than twice what the script lets a command of root's
 * take. Without `-k`, by which a connection that hangs up would end it too.
 */
const limit = ['timeout', '1300', '/bin/sh'];

/** How the script is asked on this machine. Who asked may be gone before its own limit. */
export const localArgv = (state: string, request: string): string[] => [...limit, '-c', localScript, 'hale-remote', state, request];

/** For this machine: state folder and request are its arguments, and all that the configuration asks for is allowed. */
export const localScript = `${surroundings}state=$1
request=$2
allowed=any
${body}`;

/**
 * For another machine: the request is what the ssh client asked to run, and only these targets are allowed, each as
 * `allowedOf` writes it. Whoever has the key can do that and nothing else.
 */
export const remoteScript = (allowed: readonly string[], state = statePath): string => `#!/bin/sh
${surroundings}[ $# -gt 0 ] || exec ${limit.join(' ')} "$0" "\${SSH_ORIGINAL_COMMAND-}"
state='${checked(state)}'
request=$1
allowed='
${allowed.map(checked).join('\n')}
'
${body}`;

/** The line of ~/.ssh/authorized_keys: this key runs the script, with no terminal, forwarding, agent or file of the account's. */
export const authorizedKeysLine = (publicKey: string, script = scriptPath): string =>
  `command="${checked(script)}",restrict ${publicKey.trim()}`;

/** What lets hale's key run the script on a machine and nothing else, in the order in which it is met on the way there. */
export interface Installed {
  readonly hostKey: string;
  /** Of the account's authorized_keys. */
  readonly publicKey: string;
  /** For root, beside the script. */
  readonly script: string;
  /** For root. */
  readonly state: string;
}

/** As an administrator installs it, a line each. */
export function installedOn(machine: Machine): Installed {
  const { host, port, user, knownHosts, key } = machine;
  return {
    hostKey: `the key of host ${port === 22 ? host : `[${host}]:${port}`} in ${knownHosts}, where hale runs`,
    publicKey: authorizedKeysLine(publicKeyOf(key)),
    script: `install -D -o root -g root -m 755 hale-remote ${scriptPath} # hale-remote: what hale permissions --script ${host} prints`,
    state: `install -d -o ${typed('account', user)} -m 700 ${statePath}`,
  };
}

export const logsLine = (folder: string): string => `own the logs under ${folder}`;

/** What an account that is not root needs in /etc/sudoers.d/hale, a line for each command. Logs it must own: no line is narrow enough for them. */
export const sudoersLines = (account: string, actions: readonly MachineAction[]): string[] => [
  ...new Set(actions.flatMap(commandsOf).map((command) => sudoersLine(account, command))),
];

export const sudoersLine = (account: string, command: string): string => `${typed('account', account)} ALL=(root) NOPASSWD: ${command}`;

/** What is run as root, whole. */
export function commandsOf(action: MachineAction): string[] {
  const [, command = '', target = ''] = wordsOf(action);
  const systemctl = (verb: string): string => `/usr/bin/systemctl --no-ask-password ${verb} -- ${target}`;
  switch (action.kind) {
    case 'systemd':
      return command === 'resetFailed' ? [systemctl('reset-failed')] : [systemctl(command), systemctl('reset-failed')];
    case 'runit':
      return [`/usr/bin/sv -w 8 ${command} ${target}`, `/usr/bin/sv status ${target}`];
    case 'disk':
      return [];
  }
}

function checked(text: string): string {
  if (/^[A-Za-z0-9._:@/ -]+$/.test(text)) return text;
  throw new Error(`${JSON.stringify(text)} has a character that can't be in the script; allowed: letters, digits and . _ : @ / -`);
}
