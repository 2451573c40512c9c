import type { Getter } from '../../../adapters/prometheus/get.js';
import { Problems } from '../../../contracts/configuration/problem.js';
import { at, keysOf, plain, textOf, type Node } from '../../../contracts/configuration/tree.js';
import { readYaml } from '../../../contracts/configuration/yaml.js';
import { Failure } from '../exit-codes.js';

/** Lines for people: who is called today, and what to add so that hale hears of alerts too. */
export async function alertmanagerHint(getter: Getter): Promise<string[]> {
  const got = await getter.get('/api/v2/status');
  if (got.kind !== 'data') throw new Failure('unreachable', `Alertmanager at ${getter.url} can't be asked: ${got.detail}`);
  const text = (got.data as { config?: { original?: unknown } }).config?.original;
  if (typeof text !== 'string')
    throw new Failure('unreachable', `what answers at ${getter.url} is no Alertmanager: its status has no configuration`);
  const config = readYaml('alertmanager.yml', text, new Problems());
  const receivers = itemsOf(at(config, 'receivers')).map(receiverSentence);
  return [
    `Alertmanager ${getter.url} calls: ${receivers.join('; ') || 'nobody'}.`,
    ...routeSentences(at(config, 'route'), []),
    'hale hears of alerts when a receiver has a webhook to it, beside whoever is called today:',
    '  webhook_configs: [{url: http://HALE:PORT/api/alerts/alertmanager/ID}]',
  ];
}

const itemsOf = (node: Node | undefined): readonly Node[] => (node?.kind === 'list' ? node.items : []);

function receiverSentence(receiver: Node): string {
  const ways = keysOf(receiver)
    .filter((key) => key.endsWith('_configs'))
    .map((key) => key.replace(/_configs$/, ''));
  return `${textOf(at(receiver, 'name')) ?? '?'}${ways.length === 0 ? ' (nobody)' : ` (${ways.join(', ')})`}`;
}

/** Each route with what it matches on the way to it. */
function routeSentences(route: Node | undefined, above: readonly string[]): string[] {
  if (route === undefined) return [];
  const matchers = [...above, ...matchersOf(route)];
  const receiver = textOf(at(route, 'receiver'));
  return [
    ...(receiver === undefined ? [] : [`  route ${matchers.join(', ') || 'all else'}: ${receiver}`]),
    ...itemsOf(at(route, 'routes')).flatMap((child) => routeSentences(child, matchers)),
  ];
}

function matchersOf(route: Node): string[] {
  const old = (key: string, sign: string): string[] =>
    Object.entries((plain(at(route, key)) ?? {}) as Record<string, unknown>).map(([label, value]) => `${label}${sign}"${String(value)}"`);
  return [...itemsOf(at(route, 'matchers')).map((one) => textOf(one) ?? ''), ...old('match', '='), ...old('match_re', '=~')];
}
