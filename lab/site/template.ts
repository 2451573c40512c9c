import { fileURLToPath } from 'node:url';
import { paths, type Site } from './site.js';

/** Which correction stands first in the file: one that can help, or one that can't but can be undone. */
export type First = 'right' | 'wrong';

const head = `apiVersion: hale/v1
environment: lab
policy: {freeze: {reversals: 1000}} # one shop is broken all day, and put right as often
secrets:
  database: {file: '{{passwordFile}}'}
services:
  {{service}}:
    target: {postgres: [127.0.0.1], port: {{databasePort}}, role: primary, user: hale, password: database, database: {{database}}}
    signals:
      up: {http: 'http://127.0.0.1:{{shopPort}}/health', every: 500ms, timeout: 500ms, expect: {status: 200, body: '^ok'}}
      failures: {scrape: 'http://127.0.0.1:{{trafficPort}}/metrics', metric: traffic_failed_share, every: 500ms, timeout: 400ms}
    objectives:
      up: {above: 0, for: 0s, hold: {{hold}}}
      failures: {below: 3%, for: 1s, hold: {{hold}}}
`;

/** The same corrections whatever breaks: those that look at their target first, then the one that never has to. */
const corrections = {
  'end-root-blocker':
    '{postgres: terminateRootBlocker, spare: {users: [postgres]}, olderThan: 500ms, undo: loses, within: 12s, hold: {{hold}}, mode: act}',
  'last-good-config':
    "{file: '{{config}}', restore: lastGood, then: {{restart}}, resource: {{unit}}, within: 12s, hold: {{hold}}, mode: act}",
  'last-good-release':
    "{release: '{{link}}', restore: lastGood, then: {{restart}}, resource: {{unit}}, within: 12s, hold: {{hold}}, mode: act}",
  restart:
    '{exec: {{restart}}, verify: {{did}}, repeatable: true, undo: nothingToRestore, resource: {{unit}}, within: 12s, hold: {{hold}}, mode: act}',
  'cancel-long-query': '{postgres: cancelQuery, olderThan: 5s, within: 12s, hold: {{hold}}, mode: act}',
  'previous-release':
    "{release: '{{link}}', restore: previous, then: {{restart}}, resource: {{unit}}, within: 12s, hold: {{hold}}, mode: act}",
  'vacuum-table': '{postgres: vacuum, table: {{table}}, within: 12s, hold: {{hold}}, mode: act}',
} as const;

export type CorrectionName = keyof typeof corrections;

/** How long the shop must stay well; more than three times what a leaking release needs to fall over (measured in each run). */
export const holdSeconds = 12;

/** The configuration with its slots still open: the same text for every fault and every run. */
export function templateFor(first: First): string {
  const names = Object.keys(corrections) as CorrectionName[];
  const wrongFirst = ['previous-release', ...names.filter((name) => name !== 'previous-release')] as CorrectionName[];
  const order = first === 'wrong' ? wrongFirst : names;
  const lines = order.map((name) => `      ${name}: ${corrections[name]}\n`);
  return `${head}${first === 'wrong' ? '    order: fixed\n' : ''}    corrections:\n${lines.join('')}`;
}

const ctl = fileURLToPath(new URL('../supervisor/ctl.js', import.meta.url));

/** Fills the slots in with the names of one site. */
export function fill(template: string, site: Site): string {
  const command = (verb: string): string => JSON.stringify([process.execPath, ctl, String(site.ports.supervisor), verb, site.service]);
  const slots: Readonly<Record<string, string>> = {
    service: site.service,
    passwordFile: paths.passwordFile(site),
    database: site.database.name,
    databasePort: String(site.ports.database),
    shopPort: String(site.ports.shop),
    trafficPort: String(site.ports.traffic),
    config: site.config,
    link: site.link,
    table: site.table,
    unit: `supervisor/${site.service}`,
    hold: `${holdSeconds}s`,
    restart: command('restart'),
    did: command('did'),
  };
  return template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => slots[name] ?? unknownSlot(name));
}

function unknownSlot(name: string): never {
  throw new Error(`the template has a slot {{${name}}} that no site fills`);
}
