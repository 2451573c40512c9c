// `npm run test:fire`: kills hale from outside again and again, and holds the target's own ledger against what hale says.
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../../lab/random.js';
import { Breaker } from './breaker.js';
import { check, checkerSees } from './check.js';
import { Hale } from './hale.js';
import { Killer } from './kills.js';
import { type Options, optionsOf } from './options.js';
import { Person } from './person.js';
import { Records } from './records.js';
import { configurationFor, kindOf, serviceNames } from './services.js';
import { settled } from './settle.js';
import { exitCodeOf, summaryOf, type Summary, summaryText } from './summary.js';
import { Target } from './target.js';
import { killTree, type TreeKill } from './tree-kills.js';

/** Everything that one run has going. */
interface Stage {
  readonly target: Target;
  readonly hale: Hale;
  readonly person: Person;
  readonly services: readonly string[];
  readonly incidentsFile: string;
}

async function run(options: Options, tell: (line: object) => void): Promise<Summary> {
  const start = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'hale-fire-'));
  chmodSync(folder, 0o755); // As root, PostgreSQL runs as another user, who must get through.
  const stage = await begin(options, folder);
  const stood = await underFire(stage, options, tell).finally(() => end(stage));
  const { ledgerFile } = stage.target;
  const found = check(ledgerFile, stage.incidentsFile);
  const sees = checkerSees(ledgerFile, stage.incidentsFile);
  const summary = summaryOf({ ...stage, ...stood, options, found, sees, seconds: (Date.now() - start) / 1_000 });
  if (exitCodeOf(summary) === 0) for (const path of [folder, dirname(ledgerFile)]) rmSync(path, { recursive: true, force: true });
  else console.error(`kept: ${folder} and ${ledgerFile}`);
  return summary;
}

async function begin({ services: count, seed }: Options, folder: string): Promise<Stage> {
  const services = serviceNames(count);
  const target = await Target.start(folder, services, seed);
  const config = join(folder, 'hale.yaml');
  writeFileSync(config, configurationFor(services, target.port, folder));
  const state = join(folder, 'state');
  mkdirSync(state);
  const hale = new Hale(config, state);
  const person = new Person(hale);
  person.begin();
  const stage = { target, hale, person, services, incidentsFile: join(folder, 'incidents.json') };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => void end(stage).then(() => process.exit(130)));
  return stage;
}

async function end({ person, hale, target }: Stage): Promise<void> {
  await Promise.all([person.leave(), hale.end()]);
  await target.end();
}

async function underFire({ target, person, hale, services, incidentsFile }: Stage, options: Options, tell: (line: object) => void) {
  const random = seeded(options.seed);
  const url = await allOk(person, services.length);
  const records = new Records(url);
  const beside = new Records(url);
  await goodIsKnown(records, services);
  const breaker = new Breaker(services, options.open, target, beside, random);
  const killer = new Killer(target, records, person, random);
  while (killer.kills.length < options.kills) tell(await killer.next());
  const treeKills: TreeKill[] = [];
  while (treeKills.length < options.treeKills) {
    const fallen = await killTree(treeKills.length + 1, person, records);
    treeKills.push(fallen);
    tell(fallen);
  }
  breaker.end();
  const end = await settled(target, records);
  const askedTwice = await records.askedTwice();
  writeFileSync(incidentsFile, JSON.stringify({ data: await hale.ask('incidents', '--limit', '10000') }));
  await Promise.all([records.close(), beside.close()]);
  return { kills: killer.kills, treeKills, settled: end, askedTwice };
}

const startMs = 180_000;

async function allOk(person: Person, services: number): Promise<string> {
  for (const giveUpAt = Date.now() + startMs; Date.now() < giveUpAt; await sleep(250)) {
    const status = person.seen?.status;
    if (status?.services.filter(({ state }) => state === 'ok').length === services) return status.database.url;
  }
  throw new Error(`not all services were ok within ${startMs / 1_000} s, but: ${JSON.stringify(person.seen?.status.services)}`);
}

/** A service must have been well for its hold window before hale knows what its good file looks like. */
async function goodIsKnown(records: Records, services: readonly string[]): Promise<void> {
  const wanted = services.filter((service) => kindOf(service) === 'file').length;
  for (const giveUpAt = Date.now() + startMs; (await records.knownGood()) < wanted; await sleep(250))
    if (Date.now() > giveUpAt) throw new Error(`hale did not see a good version of ${wanted} files within ${startMs / 1_000} s`);
}

const options = optionsOf(process.argv.slice(2));
if (options.out) writeFileSync(options.out, '');
const tell = (line: object): void => {
  if (options.out) appendFileSync(options.out, `${JSON.stringify(line)}\n`);
  if (options.json) console.log(JSON.stringify(line));
};
const summary = await run(options, tell);
tell(summary);
if (!options.json) console.log(summaryText(summary));
process.exitCode = exitCodeOf(summary);
