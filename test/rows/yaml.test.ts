// Rows 1 to 8: what people write into the configuration, checked by the command that they run.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { postgresConfigurations } from '../../adapters/postgres/configurations.js';
import { ConfigurationFile } from '../../workers/stack/configuration.js';
import { minimalFile } from '../support/configuration.js';
import { freshDatabase } from '../support/database.js';
import { hale } from '../support/hale-command.js';
import { freshFolder } from '../support/knob.js';
import { row, type Guard } from './table.js';

const changed = (from: string, to: string): string => {
  if (!minimalFile.includes(from)) throw new Error(`the smallest file has no ${from}`);
  return minimalFile.replace(from, () => to);
};
const withService = (lines: string): string => `${minimalFile}    ${lines}\n`;
const withCorrection = (text: string): string => changed('mode: act}\n    dependsOn', `mode: act}\n      more: ${text}\n    dependsOn`);

/** `hale check` on a file of this text: its exit code, and everything it says. */
const checked = async (): Promise<(text: string) => Promise<string>> => {
  const path = join(await freshFolder(), 'hale.yaml');
  return async (text) => {
    await writeFile(path, text);
    const { code, stdout, stderr } = await hale(['check', path]);
    return `${code} ${stdout}${stderr}`.replaceAll(path, 'hale.yaml').replaceAll('\n', ' ').trim();
  };
};

const yaml = 'contracts/configuration/yaml.ts';
const scalars = 'contracts/configuration/scalars.ts';
const unknownWord: Guard = ['contracts/configuration/problem.ts', 'return `unknown ${what} ${JSON.stringify(word)}'];
const noDuration: Guard = [scalars, 'const error = `a duration with its unit'];
const linear: Guard = [scalars, 'RE2JS.compile(pattern)'];

row(1, 'YAML', 'an unknown key is refused with its place and the nearest known one', checked, [
  [changed('mode: act}\n    dependsOn', 'mode: act, cooldwon: 5m}\n    dependsOn'), /^2 hale\.yaml:11:\d+ .*mean cooldown\?/, unknownWord],
]);

const levels = Array.from(
  { length: 7 },
  (_, i) =>
    `  l${i + 1}: &l${i + 1} [${Array(10)
      .fill(i === 0 ? 'x' : `*l${i}`)
      .join(', ')}]`,
);

row(2, 'YAML', 'YAML that means two things or stands for too much is refused with its line, its other dresses are read', checked, [
  [
    withService('order: fixed\n    order: learned'),
    /^2 hale\.yaml:14:5 .*is set twice, first in line 13/,
    [yaml, 'is set twice, first in line'],
  ],
  [`${minimalFile}  shop: {}\n`, /^2 hale\.yaml:\d+:3 services\.shop: is set twice/, [yaml, 'is set twice, first in line']],
  [`apiVersion: hale/v1\nbomb:\n${levels.join('\n')}\n`, /^2 .*more than 200000 values/, [yaml, 'if (this.#nodes > nodesMax)']],
  [changed('    signals:', '\tsignals:'), /^2 hale\.yaml:4:.*is not valid YAML.*[Tt]ab/, [yaml, 'is not valid YAML: ${mistake.message}']],
  [`\uFEFF${minimalFile.replaceAll('\n', '\r\n')}`, /^0 hale\.yaml is valid/, [yaml, "const content = text.replace(/^\\uFEFF/, '')"]],
]);

row(
  3,
  'YAML',
  'there is one grammar of durations',
  checked,
  ['30', '1e400', '-5s', '5 m', 'P1D'].map((text) => [
    changed('every: 1s', `every: ${text}`),
    /^2 .*signals\.up\.every: .*allowed: a duration with its unit/,
    noDuration,
  ]),
);

const vacuum = (table: string): string => withCorrection(`{target: {postgres: [db], user: hale}, postgres: vacuum${table}}`);
const noTable: Guard = ['contracts/configuration/corrections/postgres.ts', 'table: schema.name (an empty selector selects nothing)'];

row(4, 'YAML', 'an empty selector selects nothing', checked, [
  [vacuum(''), /^2 .*an empty selector selects nothing/, noTable],
  [vacuum(', table: "*"'), /^2 .*table: is "\*"; allowed: one table/, [scalars, "'one table, with its schema or without"]],
  [
    withService('overrides: [{match: [], mode: act, until: 2026-12-15, why: trial}]'),
    /^2 .*overrides\[0\]\.match/,
    ['contracts/configuration/file.ts', 'match: z'],
  ],
]);

row(5, 'YAML', 'bounds that contradict each other are refused, and no pattern takes more than linear time', checked, [
  [changed('above: 0', 'above: 0, below: 1'), /^2 .*has two bounds/, ['contracts/configuration/signals.ts', "'two bounds' : 'no bound'"]],
  [
    withService('limits: {attempts: 0}'),
    /^2 .*attempts: is 0; allowed: a whole number from 1 to 100/,
    [scalars, 'z.int({ error }).min(min'],
  ],
  [withService('limits: {attempts: 10000}'), /^2 .*attempts: is 10000; allowed: a whole number/, [scalars, 'z.int({ error }).min(min']],
  [changed('above: 0', 'above: 0, votes: 5 of 3'), /^2 .*votes: is "5 of 3"/, [scalars, 'bad >= 1 && bad <= of']],
  [changed("body: '^ok'", "body: '(a+)+$'"), /^0 hale\.yaml is valid/, linear],
  [changed("body: '^ok'", "body: '(a)\\1'"), /^2 .*expect\.body/, linear],
]);

row(6, 'YAML', 'claims that are not so are refused with the chain, and what is not there is named', checked, [
  [
    changed('undo: nothingToRestore', 'undo: restores'),
    /^2 .*says restores without saying how/,
    ['contracts/configuration/corrections/undo.ts', 'says restores without saying how'],
  ],
  [
    `${minimalFile.replace('dependsOn: []', 'dependsOn: [db]')}  db: {dependsOn: [disk]}\n  disk: {dependsOn: [shop]}\n`,
    /^2 .*depends on itself: shop -> db -> disk -> shop/,
    ['contracts/configuration/dependencies.ts', 'depends on itself: ${chain.join'],
  ],
  [withCorrection('{teleport: now, mode: act}'), /^2 .*corrections\.more/, unknownWord],
]);

const target = (more: string): string => withService(`target: {postgres: [db], user: hale, ${more}}`);

row(7, 'YAML', 'a secret in clear is refused and not shown, and one that is not there leaves the rest at work', checked, [
  [
    target('password: hunter2'),
    /^2 (?!.*hunter2).*is no name of an entry of secrets \(not shown/,
    ['contracts/configuration/context.ts', 'is no name of an entry of secrets (not shown'],
  ],
  [
    changed("'http://127", "'http://ada:hunter2@127"),
    /^2 (?!.*hunter2).*a URL with a password \(not shown\)/,
    ['contracts/configuration/validate.ts', 'a URL with a password (not shown)'],
  ],
  [
    withCorrection("{http: 'http://a/on', headers: {X-Auth: hunter2}}"),
    /^2 (?!.*hunter2).*headers\.X-Auth: would put a secret in clear .*allowed: \{secret: NAME\}/,
    ['contracts/configuration/in-clear.ts', 'isText(child) && isSecretName(name)'],
  ],
  [
    withCorrection('{exec: [tool, --password=hunter2]}'),
    /^2 (?!.*hunter2).*exec\[1\]: would put a secret in clear .*--password-file/,
    ['contracts/configuration/in-clear.ts', 'of argumentsInClear(words)'],
  ],
  [
    `secrets: {db: {file: /nowhere/db}}\n${target('password: db')}`,
    /^0 .*valid.*can't be read now: what needs this secret is unavailable, all else works/,
    ['contracts/configuration/check.ts', 'what needs this secret is unavailable, all else works'],
  ],
]);

/** A hale that runs on the smallest file, whose file is then this; what it says, and whether another configuration is in force. */
const reloaded = async (): Promise<(text: string) => Promise<string>> => {
  const { pool } = await freshDatabase();
  const path = join(await freshFolder(), 'hale.yaml');
  await writeFile(path, minimalFile);
  let heard: (sentence: string) => void = () => undefined;
  const file = new ConfigurationFile(path, pool, (sentence) => heard(sentence));
  await file.load();
  const inForce = async () => (await postgresConfigurations(pool).current())?.version;
  return async (text) => {
    const before = await inForce();
    await writeFile(path, text);
    const said = new Promise<string>((resolve) => (heard = resolve));
    file.reload();
    return `${(await said).replaceAll('\n', ' ')}; in force: ${(await inForce()) === before ? 'the one before' : 'another one'}`;
  };
};

row(8, 'YAML', 'a file that breaks while hale runs is said, and the configuration before it stays in force', reloaded, [
  [
    changed('above: 0', 'abve: 0'),
    /^the configuration is broken, the one before it stays in force: .*abve.*; in force: the one before$/,
    ['workers/stack/configuration.ts', 'the one before it stays in force'],
  ],
]);
