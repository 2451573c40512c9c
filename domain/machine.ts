import type { SecretReference } from './service.js';

/** Words that mean themselves wherever they are read: none begins with a dash, none has a space, a quote or a pattern in it. */
export const machineWords = {
  unit: { pattern: /^(?=.{1,128}$)[a-zA-Z0-9][a-zA-Z0-9._@-]*\.service$/, allowed: 'a unit such as edge-agent.service' },
  path: {
    pattern: /^(?=.{2,200}$)(\/(?!\.{1,2}(\/|$))[a-zA-Z0-9._][a-zA-Z0-9._-]*)+$/,
    allowed: 'an absolute path of letters, digits, dot, dash and underscore without a slash at its end, such as /var/log/shop',
  },
  host: { pattern: /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/, allowed: 'a host such as web-1.internal' },
  account: { pattern: /^[a-zA-Z_][a-zA-Z0-9._-]{0,31}$/, allowed: 'an account such as hale' },
} as const;

/** A machine that is reached by ssh, as an account whose key may run nothing but hale's own script. */
export interface Machine {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly key: SecretReference;
  /** File with the keys by which machines are recognised; no other machine is talked to. */
  readonly knownHosts: string;
  /** How many are talked to at once, of all that are reached in this way. */
  readonly atOnce: number;
}

/** Signals by which programs are told to open their logs anew. */
export const reopenSignals = ['HUP', 'USR1', 'USR2'] as const;

/** What is done on a machine: on this one where none is named. */
export type MachineAction =
  | {
      readonly kind: 'systemd';
      readonly command: 'restart' | 'start' | 'resetFailed';
      readonly unit: string;
      readonly machine?: Machine;
    }
  | {
      readonly kind: 'runit';
      readonly command: 'restart' | 'start';
      /** Folder of the service, such as /etc/service/shop. */
      readonly service: string;
      readonly machine?: Machine;
    }
  | {
      readonly kind: 'disk';
      readonly command: 'truncateLogs' | 'reopenLogs';
      /** Folders of logs; what lies elsewhere is never touched. */
      readonly under: readonly string[];
      /** Smaller files are left alone. */
      readonly atLeastBytes: number;
      /** Files written to since are left alone. */
      readonly olderThanMs: number;
      /** The largest so many at once. */
      readonly filesMax: number;
      /** `reopenLogs`: what tells a program to open its logs anew. */
      readonly signal?: (typeof reopenSignals)[number];
      readonly machine?: Machine;
    };
