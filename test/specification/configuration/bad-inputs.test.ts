import { describe, expect, test } from 'vitest';
import { check, complaints, minimalFile } from '../../support/configuration.js';

/** Rows 1 to 8 of the bad inputs: what is refused, where it is shown, and what the sentence says. */

const changed = (from: string, to: string): string => {
  if (!minimalFile.includes(from)) throw new Error(`the smallest file has no ${from}`);
  return minimalFile.replace(from, () => to);
};

const withService = (lines: string): string => `${minimalFile}${lines.replaceAll(/^/gm, '    ')}\n`;

describe('row 1: unknown keys', () => {
  test('an unknown key is refused with its place and the nearest known key', async () => {
    const [complaint, ...more] = await complaints(changed('mode: act}\n    dependsOn', 'mode: act, cooldwon: 5m}\n    dependsOn'));
    expect(complaint).toMatch(
      /^hale\.yaml:11:\d+ services\.shop\.corrections\.restart\.cooldwon: unknown key "cooldwon"; did you mean cooldown\?/,
    );
    expect(more).toEqual([]);
  });

  test('a key that belongs to another kind of signal is refused', async () => {
    expect(await complaints(changed('every: 5s}', 'every: 5s, metric: x}'))).toEqual([
      expect.stringContaining('services.shop.signals.queue.metric: means nothing beside exec; allowed: plugin, every'),
    ]);
  });

  test('everything that is wrong is said at once', async () => {
    const text = changed('every: 1s', 'every: 1 s')
      .replace('above: 0', 'abov: 0')
      .replace('mode: act}', 'mode: autp}')
      .replace('[]', '[shp]');
    expect(await complaints(text)).toEqual([
      expect.stringContaining('signals.up.every: is "1 s"'),
      expect.stringContaining('did you mean above?'),
      expect.stringContaining('mode: is "autp"; allowed: one of observe, ask, act'),
      expect.stringContaining('unknown service "shp"; did you mean shop?'),
    ]);
  });
});

describe('row 2: YAML that means two things or too much', () => {
  test('a key set twice is refused naming both lines', async () => {
    expect(await complaints(withService('order: fixed\norder: learned'))).toEqual([
      'hale.yaml:14:5 services.shop.order: is set twice, first in line 13',
    ]);
  });

  test('two services of one name in two files are refused naming both places', async () => {
    const text = `include: [hale.d/*.yaml]\n${minimalFile}`;
    expect(await complaints(text, { 'hale.d/shop.yaml': 'services: {shop: {}}' })).toEqual([
      'hale.d/shop.yaml:1:12 services.shop: is set twice, first in hale.yaml:4:3',
    ]);
  });

  test('an included file adds services and needs no version', async () => {
    const text = `include: [hale.d/*.yaml]\n${minimalFile}`;
    const checked = await check({ 'hale.yaml': text, 'hale.d/b.yaml': 'services: {b: {dependsOn: [shop]}}', 'hale.d/.a.yaml': 'x: 1' });
    expect(checked).toMatchObject({ kind: 'valid', fleet: { services: [{ name: 'shop' }, { name: 'b' }] } });
  });

  test('aliases that stand for a million values are refused with their line', async () => {
    const levels = Array.from(
      { length: 6 },
      (_, i) =>
        `  l${i + 1}: &l${i + 1} [${Array(10)
          .fill(i === 0 ? 'x' : `*l${i}`)
          .join(', ')}]`,
    );
    const [complaint] = await complaints(`apiVersion: hale/v1\nbomb:\n${levels.join('\n')}\n`);
    expect(complaint).toMatch(/^hale\.yaml:\d+:\d+ bomb.*stands for more than 200000 values/);
  });

  test('an alias inside its own anchor is refused', async () => {
    expect(await complaints('apiVersion: hale/v1\nservices: &all {shop: *all}\n')).toEqual([
      'hale.yaml:2:23 services.shop: *all stands inside what it stands for; allowed: aliases of other parts',
    ]);
  });

  test('nesting without end is refused', async () => {
    const nested = (levels: number) => `apiVersion: hale/v1\nservices: ${'['.repeat(levels)}${']'.repeat(levels)}`;
    const deep = expect.stringMatching(/^hale\.yaml:2:41 .*nested too deeply/) as string;
    expect(await complaints(nested(31))).toEqual([deep]);
    expect(await complaints(nested(30))).not.toContainEqual(deep);
    expect(await complaints(`apiVersion: ${'['.repeat(100)}${']'.repeat(100)}`)).toEqual([expect.stringContaining('nested too deeply')]);
  });

  test.each([
    ['[', ':2:41'],
    ['{a: ', ':2:131'],
    ['[\n ', ':32:2'],
  ])('a file that nests %j a hundred thousand times is refused with its place', async (opening, place) => {
    expect(await complaints(`apiVersion: hale/v1\nservices: ${opening.repeat(100_000)}`)).toEqual([
      `hale.yaml${place} is nested too deeply; allowed: 30 levels, such as services, shop, signals, up: 4`,
    ]);
  });

  test('a byte order mark and Windows line ends are accepted', async () => {
    expect(await complaints(`\uFEFF${minimalFile.replaceAll('\n', '\r\n')}`)).toEqual([]);
  });

  test('a byte order mark does not shift the columns', async () => {
    expect(await complaints(`\uFEFF${minimalFile.replace('hale/v1', 'hale/v2')}`)).toEqual([
      expect.stringContaining('hale.yaml:1:13 apiVersion'),
    ]);
  });

  test('tabs as indentation are refused with their line', async () => {
    expect(await complaints(changed('    signals:', '\tsignals:'))).toContainEqual(expect.stringMatching(/^hale\.yaml:4:.*[Tt]ab/));
  });

  test.each(['', '# only a comment\n', 'null', '[]', 'text', 'a: 1\n---\nb: 2\n'])(
    'a file that holds no map is refused: %j',
    async (text) => {
      expect(await complaints(text)).not.toEqual([]);
    },
  );

  test.each(['\0', '\uFFFD', '\uD800'])('a character that no database holds is refused: %j', async (character) => {
    expect(await complaints(withService(`team: "a${JSON.stringify(character).slice(1, -1)}b"`))).toContainEqual(
      expect.stringContaining('holds a character that is no text'),
    );
  });

  test('a prototype is no name of a service', async () => {
    expect(await complaints(minimalFile.replace('shop:', '__proto__:'))).toContainEqual(
      expect.stringContaining('services.__proto__: is no key'),
    );
    expect(await complaints(minimalFile.replace('shop:', 'constructor:'))).toEqual([]);
  });
});

describe('row 3: one grammar of durations', () => {
  test.each(['30', '1e400', '-5s', '5 m', 'P1D', '5M', '1.5s', '', '5sm', 'm', '1s1h', '99y', 'null', '{}', '[]', 'true'])(
    'no duration: %j',
    async (value) => {
      expect(await complaints(changed('every: 1s', `every: ${value === '' ? "''" : value}`))).toContainEqual(
        expect.stringMatching(/^hale\.yaml:5:\d+ services\.shop\.signals\.up\.every: .*allowed: a duration/),
      );
    },
  );

  test.each([
    ['1500ms', 1500],
    ['1m30s', 90_000],
    ['1h', 3_600_000],
  ])('a duration: %s', async (value, ms) => {
    const checked = await check({ 'hale.yaml': changed('for: 2s', `for: ${value}`) });
    expect(checked).toMatchObject({ kind: 'valid', fleet: { services: [{ objectives: [{ forMs: ms }] }] } });
  });
});

describe('row 4: an empty selector selects nothing', () => {
  test.each(['', ', table: ""', ', table: "*"'])('vacuum names its table: %j', async (table) => {
    const target = 'target: {postgres: [db], user: hale}, postgres: vacuum';
    const text = changed('mode: act}\n    dependsOn', `mode: act}\n      tidy: {${target}${table}}\n    dependsOn`);
    expect(await complaints(text)).toEqual([expect.stringContaining('services.shop.corrections.tidy')]);
  });

  test.each(['match: []', 'match: [\'instance=""\']', "match: ['instance=*']", "match: ['*']"])(
    'an override matches something: %s',
    async (match) => {
      expect(await complaints(withService(`overrides: [{${match}, mode: act, until: 2026-12-15, why: trial}]`))).toEqual([
        expect.stringContaining('services.shop.overrides[0].match'),
      ]);
    },
  );

  test.each(['[]', "['']", '{}'])('instances are named: %s', async (instances) => {
    expect(await complaints(withService(`instances: ${instances}`))).not.toEqual([]);
  });
});

describe('row 5: bounds that contradict each other', () => {
  test.each([
    ['above: 0', 'above: 0, below: 1', 'has two bounds'],
    ['above: 0, ', '', 'has no bound'],
    ['above: 0', 'above: 0, votes: 5 of 3', 'votes'],
    ['hold: 10s', 'hold: 2s', 'at least 3s, three readings of up'],
    ['hold: 10s', 'hold: 10s, silence: 1s', 'at least 1s900ms'],
    ['timeout: 900ms', 'timeout: 2s', 'longer than every; allowed: at most 1s'],
  ])('%s as %s is refused', async (from, to, sentence) => {
    expect(await complaints(changed(from, to))).toEqual([expect.stringContaining(sentence)]);
  });

  test.each([0, 10_000, -1, 1.5])('%s attempts are refused', async (attempts) => {
    expect(await complaints(withService(`limits: {attempts: ${attempts}}`))).toEqual([
      expect.stringContaining(`limits.attempts: is ${attempts}; allowed: a whole number from 1 to 100`),
    ]);
  });

  test('a regular expression that explodes elsewhere is linear here', async () => {
    expect(await complaints(changed("body: '^ok'", "body: '(a+)+$'"))).toEqual([]);
  });

  test.each(['(a)\\1', '(?=a)', '(', 'a'.repeat(1001), '(a{1000}){1000}'])('no linear regular expression: %s', async (pattern) => {
    expect(await complaints(changed("body: '^ok'", `body: '${pattern}'`))).toEqual([expect.stringContaining('expect.body')]);
  });

  test.each([
    ['attempts: 3', 'attempts: 4'],
    ['escalateAfter: 2m', 'escalateAfter: 3m'],
    ['approvalExpiry: 10m', 'approvalExpiry: 1h'],
    ['pauseMax: 1h', 'pauseMax: 2h'],
  ])('a service looser than the policy is refused: %s, %s', async (policy, service) => {
    const [text, stricter] = [service, policy].map((limits) => `policy: {${policy}}\n${withService(`limits: {${limits}}`)}`);
    expect(await complaints(text ?? '')).toEqual([expect.stringContaining('services may be stricter, never looser')]);
    expect(await complaints(stricter ?? '')).toEqual([]);
  });
});

describe('row 6: claims that are not so', () => {
  test('an undo that nobody can do is refused', async () => {
    expect(await complaints(changed('undo: nothingToRestore', 'undo: restores'))).toEqual([
      expect.stringContaining('corrections.restart.undo: says restores without saying how'),
    ]);
  });

  test.each(['terminateRootBlocker', 'cancelQuery'])('what is lost at %s is not for the file to say', async (statement) => {
    const correction = `{postgres: ${statement}, undo: restores, target: {postgres: [db], user: hale}}`;
    expect(await complaints(changed('mode: act}\n    dependsOn', `mode: act}\n      end: ${correction}\n    dependsOn`))).toEqual([
      expect.stringMatching(/corrections\.end\.undo: says restores, but postgres (loses|nothingToRestore)/),
    ]);
  });

  test.each([
    ['setting, name: FSYNC, value: off', 'corrections.end.name: is FSYNC, which hale never changes: it decides what survives a crash'],
    ['setting, name: work_mem', 'corrections.end: needs a value; allowed: a value as postgresql.conf has it, such as 64MB'],
    ['setting, value: 1', 'corrections.end: names no setting; allowed: name: work_mem, value: 64MB'],
    ['dropSlot', 'corrections.end: names no slot; allowed: slot: NAME of one replication slot'],
    ['dropSlot, slot: "shop_*"', 'corrections.end.slot: is "shop_*"; allowed: the name of one replication slot in small letters'],
    ['dropSlot, slot: Shop', 'corrections.end.slot: is "Shop"; allowed: the name of one replication slot in small letters'],
    ['setting, name: work mem, value: 1MB', 'corrections.end.name: is "work mem"; allowed: the name of a setting in letters'],
    ['setting, name: " fsync", value: off', 'corrections.end.name: is " fsync"; allowed: the name of a setting'],
    [`setting, name: '"fsync"', value: off`, 'allowed: the name of a setting'],
    ['setting, name: "work_mem to public; drop role a", value: 1MB', 'allowed: the name of a setting'],
    ['setting, name: work_mem., value: 1MB', 'allowed: the name of a setting'],
    ['setting, name: shared_buffers, value: 1GB', 'which hale never changes: it takes effect only when the server starts'],
    ['vacuum, table: "a; drop"', 'corrections.end.table: is "a; drop"; allowed: one table, with its schema or without'],
    ['vacuum, table: a.b.c', 'corrections.end.table: is "a.b.c"; allowed: one table'],
    ['vacuum, table: Order Items', 'allowed: one table'],
    [`vacuum, table: '"items'`, 'allowed: one table'],
    ['dropSlot, slot: shop, retains: 10', 'a size with its unit from 1KB to 999TB, such as 100MB or 2GB'],
    ['cancelQuery, slot: shop', 'corrections.end.slot: means nothing beside postgres: cancelQuery; allowed beside dropSlot'],
    ['dropSlot, slot: shop, undo: loses', 'says loses, but postgres irreversible'],
    [
      'setting, name: work_mem, value: 1MB, olderThan: 1m',
      'corrections.end.olderThan: means nothing beside postgres: setting; allowed beside terminateRootBlocker, cancelQuery, endOldSnapshots, vacuum, dropSlot',
    ],
    [
      'vacuum, table: items, spare: {users: [ada]}',
      'corrections.end.spare: means nothing beside postgres: vacuum; allowed beside terminateRootBlocker, cancelQuery, endOldSnapshots',
    ],
  ])('a statement without what it needs, or with what it can not have, is refused: %s', async (statement, sentence) => {
    const correction = `{postgres: ${statement}, target: {postgres: [db], user: hale}}`;
    expect(await complaints(changed('mode: act}\n    dependsOn', `mode: act}\n      end: ${correction}\n    dependsOn`))).toEqual([
      expect.stringContaining(sentence),
    ]);
  });

  test.each([
    'vacuum, table: public.items',
    `vacuum, table: '"Order Items"'`,
    `vacuum, table: 'stock."a.b ""c"""'`,
    'vacuum, table: caf\u00e9$1',
    'vacuum, table: pg-1',
    'vacuum, table: $service',
    'setting, name: Work_Mem, value: 1MB',
    'setting, name: auto_explain.log_nested_statements, value: on',
    'dropSlot, slot: 1_shop',
  ])('a name that PostgreSQL can have is accepted: %s', async (statement) => {
    const correction = `{postgres: ${statement}, target: {postgres: [db], user: hale}}`;
    expect(await complaints(changed('mode: act}\n    dependsOn', `mode: act}\n      end: ${correction}\n    dependsOn`))).toEqual([]);
  });

  test('a circle of dependencies is refused naming the chain', async () => {
    const text = `${minimalFile.replace('dependsOn: []', 'dependsOn: [db]')}  db: {dependsOn: [disk]}\n  disk: {dependsOn: [shop]}\n`;
    expect(await complaints(text)).toEqual([expect.stringContaining('depends on itself: shop -> db -> disk -> shop')]);
  });

  test('dependencies that meet again are no circle', async () => {
    const text = `${minimalFile.replace('dependsOn: []', 'dependsOn: [a, b]')}  a: {dependsOn: [c]}\n  b: {dependsOn: [c]}\n  c: {}\n`;
    expect(await complaints(text)).toEqual([]);
  });

  test('only a program or a request can go through a controller: nothing else goes another way than its own', async () => {
    const said = await complaints(changed('restore: lastGood', 'restore: lastGood, through: git'));
    expect(said).toEqual([expect.stringContaining('through: means nothing beside file')]);
  });
});

describe('row 7: secrets', () => {
  const database = (more: string): string => withService(`target: {postgres: [db], user: hale, ${more}}`);

  test('a password in clear is refused and not repeated', async () => {
    const said = await complaints(database('password: hunter2'));
    expect(said).toEqual([expect.stringContaining('services.shop.target.password: is no name of an entry of secrets')]);
    expect(said.join()).not.toContain('hunter2');
  });

  test('a password that is no text is not repeated either', async () => {
    const said = await complaints(database('password: 19216811'));
    expect(said).toEqual([expect.stringContaining('services.shop.target.password: is not valid (not shown')]);
    expect(said.join()).not.toContain('19216811');
  });

  test('a password in a URL is refused and not repeated', async () => {
    const said = await complaints(changed("'http://127", "'http://ada:hunter2@127"));
    expect(said).toEqual([expect.stringContaining('signals.up.http: is a URL with a password (not shown)')]);
    expect(said.join()).not.toContain('hunter2');
  });

  test.each(['Authorization', 'Cookie', 'X-Api-Key', 'x-auth-token'])(
    'a secret in the header %s is refused and not repeated',
    async (header) => {
      const correction = `{http: 'http://a/b', headers: {${header}: hunter2}}`;
      const said = await complaints(changed('mode: act}\n    dependsOn', `mode: act}\n      call: ${correction}\n    dependsOn`));
      expect(said).toEqual([expect.stringContaining(`corrections.call.headers.${header}`)]);
      expect(said.join()).not.toContain('hunter2');
    },
  );

  test('a secret that is not there makes its target unavailable, and the rest works', async () => {
    const text = `secrets: {db: {file: /run/secrets/db}, env: {env: DB}}\n${database('password: db')}`;
    const missing = await check({ 'hale.yaml': text });
    expect(missing).toMatchObject({
      kind: 'valid',
      warnings: [{ line: 14, sentence: expect.stringContaining('/run/secrets/db') as string }],
    });
    expect(await check({ 'hale.yaml': text, '/run/secrets/db': 'x' })).toMatchObject({ kind: 'valid', warnings: [] });
  });

  test('a secret from the environment is tried as well', async () => {
    const text = `secrets: {db: {env: DB}}\n${database('password: db')}`;
    expect(await check({ 'hale.yaml': text })).toMatchObject({
      warnings: [{ sentence: expect.stringContaining('variable DB') as string }],
    });
    expect(await check({ 'hale.yaml': text }, { DB: 'x' })).toMatchObject({ warnings: [] });
  });
});

describe('slots and arguments', () => {
  test.each(['$HOME', '${service}', '$(id)', '$services'])('there is no shell that would fill in %s', async (word) => {
    expect(await complaints(changed('[/usr/local/bin/queue-length]', `[/usr/local/bin/queue-length, '${word}']`))).toEqual([
      expect.stringContaining('since there is no shell'),
    ]);
  });

  test('an instance is only for signals per instance', async () => {
    const text = changed('[/usr/local/bin/queue-length]', "[/usr/local/bin/queue-length, '$instance']");
    expect(await complaints(text)).toEqual([expect.stringContaining('signals.queue: $instance has no value here')]);
    const perInstance = text.replace('every: 5s', 'every: 5s, per: instance').replace('    dependsOn: []', '    instances: [a, b]');
    expect(await complaints(perInstance)).toEqual([]);
  });

  test('a relative path to a program is refused', async () => {
    expect(await complaints(changed('[/usr/local/bin/queue-length]', '[bin/queue-length]'))).toEqual([expect.stringContaining('exec[0]')]);
  });
});

test.each(['x: hunter2', 'x: [hunter2]', 'x: {file: hunter2}', 'x: {env: hunter2-hunter2}', 'x: {value: hunter2}'])(
  'a secret in clear, as in secrets: {%s}, is refused and not shown',
  async (secret) => {
    const said = await complaints(`${minimalFile}secrets: {${secret}}\n`);
    expect(said.length).toBeGreaterThan(0);
    expect(said.join()).not.toContain('hunter2');
  },
);
