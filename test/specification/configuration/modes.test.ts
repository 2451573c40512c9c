import { expect, test } from 'vitest';
import { modeNow } from '../../../contracts/configuration/mode.js';
import { check, minimalFile, resolved } from '../../support/configuration.js';

/** Who decides on a correction's mode: policy, class, service, its own line, an override. */

const file = (parts: { policy?: string; web?: string; webLine?: string; service?: string; line?: string }): string => `
apiVersion: hale/v1
policy: {${parts.policy ?? ''}}
classes: {web: {${parts.web ?? ''}${parts.web ? ', ' : ''}corrections: {restart: {exec: [/r]${parts.webLine ? `, ${parts.webLine}` : ''}}}}}
services: {shop: {class: web${parts.service ? `, ${parts.service}` : ''}, corrections: {restart: {${parts.line ?? ''}}}}}`;

test.each([
  [{}, 'observe'],
  [{ policy: 'mode: act' }, 'act'],
  [{ policy: 'mode: act', web: 'mode: ask' }, 'ask'],
  [{ web: 'mode: ask', webLine: 'mode: act' }, 'act'],
  [{ webLine: 'mode: ask', service: 'mode: act' }, 'ask'],
  [{ webLine: 'mode: act', service: 'mode: observe' }, 'observe'],
  [{ webLine: 'mode: ask', service: 'mode: observe', line: 'mode: act' }, 'act'],
] as const)('the nearest line decides, and a service loosens only by the correction`s own: %j', async (parts, mode) => {
  const { shop } = await resolved(file(parts));
  expect(shop?.corrections[0]?.mode).toBe(mode);
});

const overridden = (override: string): string =>
  `${minimalFile.replace('    dependsOn: []', '    instances: [edge-41, web-1]')}    overrides: [${override}]\n`;
const modeOf = async (text: string, instance: string | undefined, now: string): Promise<string | undefined> => {
  const { shop } = await resolved(text);
  const restart = shop?.corrections.find((correction) => correction.name === 'restart');
  return shop && restart && modeNow(shop, restart, instance, Date.parse(now));
};

test('an override holds for the instances it matches, as a whole', async () => {
  const text = overridden(`{match: ['instance=~"edge-4.*"'], mode: observe, until: 2026-12-15, why: kernel trial}`);
  expect(await modeOf(text, 'edge-41', '2026-12-01')).toBe('observe');
  expect(await modeOf(text, 'web-1', '2026-12-01')).toBe('act');
  expect(await modeOf(text, 'x-edge-4', '2026-12-01')).toBe('act');
  expect(await modeOf(text, undefined, '2026-12-01')).toBe('act');
});

test('all matchers of an override must fit', async () => {
  const text = overridden(`{match: [correction=restart, 'instance!="web-1"'], mode: ask, until: 2026-12-15, why: trial}`);
  expect(await modeOf(text, 'edge-41', '2026-12-01')).toBe('ask');
  expect(await modeOf(text, 'web-1', '2026-12-01')).toBe('act');
});

test('a day as the end of an override means its end in UTC', async () => {
  const text = overridden(`{match: [correction=restart], mode: ask, until: 2026-12-15, why: trial}`);
  expect(await modeOf(text, 'web-1', '2026-12-15T23:59:59Z')).toBe('ask');
  expect(await modeOf(text, 'web-1', '2026-12-16T00:00:00Z')).toBe('act');
});

test('an override that ended is ignored and named', async () => {
  const checked = await check({ 'hale.yaml': overridden(`{match: [correction=restart], mode: ask, until: 2026-11-23, why: trial}`) });
  expect(checked).toMatchObject({ kind: 'valid', warnings: [{ path: 'services.shop.overrides[0]' }] });
  expect(checked).not.toHaveProperty('fleet.services.0.overrides');
});

test('an override without an end is refused', async () => {
  const checked = await check({ 'hale.yaml': overridden(`{match: [correction=restart], mode: ask, why: trial}`) });
  expect(checked).toMatchObject({ kind: 'refused', errors: [{ path: 'services.shop.overrides[0].until' }] });
});
