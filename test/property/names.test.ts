import { expect, test } from 'vitest';
import { canonicalJson } from '../../contracts/configuration/check.js';
import { check, complaints, resolved } from '../support/configuration.js';

const inherited = Object.getOwnPropertyNames(Object.prototype).filter((one) => /^[a-zA-Z0-9]/.test(one));

/** One name for everything that people may name. */
const named = (name: string): string => `apiVersion: hale/v1
secrets: {${name}: {env: TOKEN}}
sources: {${name}: {prometheus: 'http://prom/', token: ${name}}}
teams: {${name}: {page: {slack: ${name}}}}
classes: {${name}: {limits: {attempts: 2}}}
services:
  ${name}:
    class: ${name}
    team: ${name}
    instances: [${name}]
    dependsOn: []
    signals:
      ${name}: {source: ${name}, query: up}
      other: {http: 'http://a/', onlyIf: {${name}: {above: 0}}}
      scraped: {scrape: 'http://a/', metric: x, labels: {${name}: y}}
    objectives: {${name}: {signal: ${name}, above: 0}}
    corrections: {${name}: {http: 'http://a/', headers: {${name}: z}, undo: nothingToRestore}}
`;

test.each(inherited)('a name that every object inherits is a name like any other: %s', async (name) => {
  const checked = await check({ 'hale.yaml': named(name) }, { TOKEN: 'x' });
  expect(checked).toMatchObject({
    kind: 'valid',
    fleet: {
      services: [
        {
          name,
          class: name,
          team: name,
          limits: { attemptsMax: 2 },
          instances: { names: [name] },
          signals: [{ name, source: { name, token: { env: 'TOKEN' } } }, { onlyIf: [{ signal: name }] }, {}],
          objectives: [{ name, signal: name }],
          corrections: [{ name }],
        },
      ],
    },
  });
  if (checked.kind !== 'valid') return;
  const stored = JSON.parse(canonicalJson(checked.fleet)) as typeof checked.fleet;
  expect(Object.entries(stored.services[0]?.signals[2]?.kind === 'scrape' ? stored.services[0].signals[2].labels : {})).toEqual([
    [name, 'y'],
  ]);
});

const others = `secrets: {a: {env: A}}\nsources: {a: {prometheus: 'http://prom/'}}\nteams: {a: {}}\nclasses: {a: {}}\n`;

test.each(inherited)('a name that only objects inherit names nothing in the file: %s', async (name) => {
  const text = (lines: string) => `apiVersion: hale/v1\n${others}services:\n  shop:\n    signals: {up: {http: 'http://a/'}}\n${lines}`;
  for (const lines of [
    `    class: ${name}\n`,
    `    team: ${name}\n`,
    `    dependsOn: [${name}]\n`,
    `    objectives: {up: {signal: ${name}, above: 0}}\n`,
    `    instances: {source: ${name}, query: up, by: x}\n`,
    `    target: {postgres: [db], user: hale, password: ${name}}\n`,
    `    ${name}: 1\n`,
  ])
    expect(await complaints(text(lines)), lines).toEqual([expect.stringMatching(/unknown|is no name/)]);
});

test('the one name that JavaScript gives a meaning of its own is refused everywhere', async () => {
  for (const lines of [
    'signals: {__proto__: {http: a}}',
    'objectives: {__proto__: {}}',
    'corrections: {__proto__: {}}',
    'class: __proto__',
    'instances: [__proto__]',
    'team: __proto__',
  ])
    expect(await complaints(`apiVersion: hale/v1\nservices:\n  shop:\n    ${lines}\n`), lines).not.toEqual([]);
  await expect(resolved('apiVersion: hale/v1\nservices: {__proto__: {}}\n')).rejects.toThrow('is no key');
});
