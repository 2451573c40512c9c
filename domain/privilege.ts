import type { Action } from './service.js';

/** What a worker that acts must be allowed to do in the world. Each has a task queue of its own. */
export const privileges = ['machine', 'network', 'postgres', 'docker', 'kubernetes', 'plugIn'] as const;
export type Privilege = (typeof privileges)[number];

/** The privilege that corrections of this kind need; undefined for those that touch nothing. */
export function privilegeOf(provider: Action['kind']): Privilege | undefined {
  switch (provider) {
    case 'exec':
    case 'file':
    case 'release':
    case 'systemd':
    case 'runit':
    case 'disk':
      return 'machine';
    case 'http':
    case 'git':
    case 'alertmanager':
      return 'network';
    case 'postgres':
    case 'docker':
    case 'plugIn':
    case 'kubernetes':
      return provider;
    case 'wait':
    case 'inactive':
      return undefined;
  }
}
