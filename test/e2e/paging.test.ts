// A whole hale calls people: the test of a team's channels, a question that is answered by the command it shows, and its end.
import { mkdirSync, writeFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as wire from '../../contracts/cli.js';
import { HaleUp, stateFolder } from '../support/hale-up.js';
import { dataOf, hale } from '../support/hale-command.js';
import { receiver, status, type Receiver } from '../support/receiver.js';

const configuration = (folder: string): string => `apiVersion: hale/v1
environment: prod
secrets: {slack: {file: ${folder}/slack}, flow: {file: ${folder}/flow}}
teams: {web: {page: {slack: slack, teams: flow}}}
services:
  shop:
    team: web
    signals: {up: {exec: [/usr/bin/test, -e, ${folder}/good], plugin: true, every: 500ms}}
    objectives: {up: {below: 1, for: 0s, hold: 2s}}
    corrections:
      touch: {exec: [/usr/bin/touch, ${folder}/good], repeatable: true, undo: nothingToRestore, mode: ask}
`;

const texts = (of: Receiver): string[] => of.bodies().map((body) => (body as { text: string }).text);

test('people are called with the command to paste, answer by it, and hear the end; a channel that fails is named', async () => {
  const [slack, teams] = [await receiver(), await receiver(status(404))];
  const state = stateFolder();
  const folder = join(state, 'files');
  mkdirSync(folder);
  for (const [name, text] of [
    ['slack', slack.url],
    ['flow', teams.url],
    ['good', ''],
  ] as const)
    writeFileSync(join(folder, name), text);
  const up = new HaleUp(state, [], configuration(folder));
  await up.says('hale is up');
  const at = ['--state', state];

  const tried = await hale(['page', 'test', 'web', '--by', 'ada', '--json', ...at]);
  expect(tried.code).toBe(7);
  expect(dataOf(wire.pageTest, tried).channels).toEqual([
    { channel: 'web/slack', arrived: true, answer: 'answered 200: {}' },
    { channel: 'web/teams', arrived: false, answer: 'answered 404: no' },
  ]);
  expect(texts(slack)).toEqual(['[prod] this is a test: nothing is wrong']);
  expect((await hale(['page', 'test', 'wbe', ...at])).stderr).toContain('there is no team wbe');

  await rm(join(folder, 'good'));
  await slack.count(2);
  const [, question = ''] = texts(slack);
  expect(question).toContain('[prod] shop is broken: may hale correct it?');
  expect(question).toMatch(/Now: up is \d+, wanted below 1 \(read \d\d:\d\d:\d\d UTC\)/);
  expect(JSON.stringify(slack.bodies()[1])).toMatch(/http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/heal%2Fshop%2F-/);
  const [, command = ''] = /^hale (approve .+)$/m.exec(question) ?? [];
  expect((await hale([...command.split(' '), '--by', 'ada', ...at])).code).toBe(0);
  // The answer, the end, and between them whenever it has failed three times that Teams is out of reach.
  await slack.count(5);
  const said = texts(slack).slice(2).toSorted();
  expect(said[0]).toMatch(
    /^\[prod\] people can't be called by web\/teams\nWhy: answered 404: no\nWhere: on \S+, after: export HALE_STATE=\S+\nhale status\nhale page test web$/,
  );
  expect(said[1]).toContain('[prod] shop: ada said approve');
  expect(said[2]).toMatch(/^\[prod\] shop: healed\nWhy: touch held/);
  const seen = async () => dataOf(wire.status, await hale(['status', '--json', ...at])).failingChannels;
  while ((await seen()).length === 0);
  expect(await seen()).toMatchObject([{ channel: 'web/teams', why: 'answered 404: no' }]);
  expect((await hale(['status', ...at])).stdout).toMatch(/CHANNEL FAILS.*\nweb\/teams .*answered 404: no +hale page test web/);
  await writeFile(join(folder, 'flow'), slack.url);
  expect((await hale(['page', 'test', 'web', ...at])).code).toBe(0);
}, 90_000);
