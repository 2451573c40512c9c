import { expect, test } from 'vitest';
import { aim } from '../../activities/case.js';
import { execProvider } from '../../adapters/exec/provider.js';
import type { Provider, Providers } from '../../activities/ports.js';
import type { Correction, Service } from '../../domain/service.js';
import { callOn } from '../../testing/provider.contract.js';
import { anybody } from '../support/anybody.js';
import { freshKnob } from '../support/knob.js';

/** What labels of alerts and discovered instances have carried into commands elsewhere, or would like to. */
const hostile = [
  ';id',
  'a;id',
  'a && id',
  'a||id',
  'a|id',
  'a & id',
  '$(id)',
  'a$(id)',
  '`id`',
  '${IFS}id',
  'a\nid',
  'a\rid',
  'a\r\nHost: evil',
  'a\tid',
  'a\0id',
  '\0',
  ' ',
  ' a',
  'a ',
  '',
  '-',
  '--',
  '-rf',
  '--help',
  '--privileged',
  '-oProxyCommand=id',
  '−rf',
  '–help',
  '../etc/passwd',
  '..',
  '.',
  './a',
  '/etc/passwd',
  'a/../../b',
  'a\\b',
  '\\\\host\\share',
  'C:\\Windows',
  '~root',
  '*',
  'a*',
  '?',
  '[a]',
  '{a,b}',
  '!id',
  '#a',
  '%0aid',
  'a%00',
  '"a"',
  "'a'",
  "x'; drop table items; --",
  '1 or 1=1',
  '<(id)',
  '>out',
  '<img src=x onerror=alert(1)>',
  'a=b',
  'user@host',
  'аdmin',
  'a\u202eb',
  'a\u200bb',
  '\ufeffa',
  '💥',
  'ü',
  'é',
  'a\u001b[2J',
  '{{7*7}}',
  '%s%n',
  'x'.repeat(64),
  'x'.repeat(100_000),
];

const named = hostile.map((value) => [value.length > 40 ? `${value.length} characters` : JSON.stringify(value), value] as const);

const correctionOf = (argv: readonly string[]): Correction => ({
  name: 'fix',
  mode: 'act',
  undo: 'nothingToRestore',
  repeatable: true,
  action: { kind: 'exec', argv },
  approvals: anybody,
  settleMs: 0,
  holdMs: 0,
  timeoutMs: 5_000,
  cooldownMs: 0,
});

const exec = execProvider();
// The registry knows one kind here, and the corrections of this file are of that kind.
const providers: Providers = { for: () => exec as Provider };
const serviceNamed = (name: string) => ({ name }) as Service;

test('the corpus of hostile names is as large as it claims and has no doubles', () => {
  expect(new Set(hostile).size).toBeGreaterThanOrEqual(60);
});

test.each(named)('the hostile name %s is refused before any program starts', async (_, value) => {
  const knob = await freshKnob();
  for (const slots of [
    { service: value, instance: undefined, slot: '$service' },
    { service: 'shop', instance: value, slot: '$instance' },
    { service: 'shop', instance: value, slot: '$host' },
    // In the environment the instance would reach the program even without a slot.
    { service: 'shop', instance: value, slot: 'no slot' },
  ]) {
    const aimed = aim({ providers }, serviceNamed(slots.service), slots.instance, correctionOf([knob.program, 'set', slots.slot]));
    expect(aimed).toMatchObject({ kind: 'noAim', reason: expect.stringMatching(/^\$(service|instance|host) is /) });
  }
  expect(await knob.ledger()).toEqual([]);
});

test('an honest name reaches the same program as one argument', async () => {
  const knob = await freshKnob();
  const aimed = aim({ providers }, serviceNamed('shop'), 'node-7:9100', correctionOf([knob.program, 'set', '$instance']));
  if (aimed.kind !== 'aimed') throw new Error(aimed.reason);
  const bench = { ...aimed, effects: async () => 0, state: knob.state, remove: async () => undefined };
  await aimed.provider.apply(await callOn(bench));
  expect(await knob.ledger()).toEqual(['cycle/1/fix|7|shop|node-7:9100|node-7:9100']);
});
