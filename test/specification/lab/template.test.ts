// The one configuration that the lab hands to hale.
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { faults } from '../../../lab/faults/faults.js';
import { planSite } from '../../../lab/site/site.js';
import { fill, templateFor } from '../../../lab/site/template.js';
import { complaints } from '../../support/configuration.js';

const correctionsOf = (yaml: string, service: string): string[] => Object.keys(parse(yaml).services[service].corrections);

test('every fault is offered the same six or more corrections, its repair among them', async () => {
  const site = await planSite('/tmp/site', 3);
  const offered = correctionsOf(fill(templateFor('right'), site), site.service);
  expect(offered.length).toBeGreaterThanOrEqual(6);
  for (const fault of Object.values(faults)) expect(offered).toEqual(expect.arrayContaining([...fault.repairedBy]));
});

test('the wrong-first template offers the same corrections in a fixed order', async () => {
  const site = await planSite('/tmp/site', 3);
  const right = fill(templateFor('right'), site);
  const wrong = fill(templateFor('wrong'), site);
  expect(correctionsOf(wrong, site.service)[0]).toBe('previous-release');
  expect(correctionsOf(wrong, site.service).sort()).toEqual(correctionsOf(right, site.service).sort());
  expect(parse(wrong).services[site.service].order).toBe('fixed');
});

test('the template itself names no fault and no site', async () => {
  const site = await planSite('/tmp/site', 3);
  const words = [site.service, site.table, ...Object.values(site.releases), ...Object.keys(faults).filter((name) => name !== 'kill')];
  for (const word of words) expect(templateFor('right')).not.toContain(word);
});

test('the same seed makes the same names, another seed makes others', async () => {
  const names = async (seed: number) => (({ service, table, releases }) => ({ service, table, releases }))(await planSite('/tmp/s', seed));
  expect(await names(5)).toEqual(await names(5));
  expect(await names(5)).not.toEqual(await names(6));
});

test.each(['right', 'wrong'] as const)('hale accepts the template with the %s correction first', async (first) => {
  const site = await planSite('/tmp/site', 3);
  expect(await complaints(fill(templateFor(first), site))).toEqual([]);
});
