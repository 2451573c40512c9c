import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { seeded } from '../../../lab/random.js';
import { percentile, sendAll, type Sending, type Sent } from '../../support/acceptance/alert-sender.js';
import { DATABASE, floodedFleet, TILL, type FloodedFleet } from '../../support/acceptance/flooded-fleet.js';
import { withHale, type RunningHale } from '../../support/acceptance/hale.js';
import type { Measured } from '../../support/acceptance/step.js';

const REQUESTS = 1_000;
const ALERTS = 10;
const SERVICES = 200;
const WITHIN_MS = 10_000;
const P99_MS = 250;
const RSS_MB = 512;

export const title = 'a flood of alerts is kept, is one incident of its source, and delays no answer';
export const bound = `${REQUESTS} requests of ${ALERTS} alerts in ${WITHIN_MS / 1000} s: every 2xx in the database after kill -9, all else 429 or 503 with Retry-After, p99 of 2xx < ${P99_MS} ms, web < ${RSS_MB} MB, 1 incident of the source, 1 action; one alert 1,000 x from two senders: 1 incident, 1 action`;

export async function run(_: boolean, seed: number): Promise<Measured> {
  const fleet = await floodedFleet(SERVICES);
  process.env.HALE_FLOOD_1 = fleet.tokens['am-1'];
  process.env.HALE_FLOOD_2 = fleet.tokens['am-2'];
  try {
    return await withHale(fleet.configuration, (hale) => flood(hale, fleet, seed));
  } finally {
    fleet.close();
  }
}

async function flood(hale: RunningHale, fleet: FloodedFleet, seed: number): Promise<Measured> {
  const { web, database, processes } = await hale.status();
  const records = new pg.Client({ connectionString: database.url });
  await records.connect();
  try {
    const pid = processes.find(({ role }) => role === 'web')?.pid ?? 0;
    await everythingWasRead(records);
    fleet.breakDatabase();
    const many = manyAlerts(fleet, seed);
    const answers = await sendAll(web.url, fleet.tokens, many, WITHIN_MS);
    const rssMb = await rss(pid);
    process.kill(pid, 'SIGKILL');
    const lost = await missing(records, many, answers);
    await drained(records);
    await ended(records, DATABASE);
    const ofMany = await incidentsOf(records);

    await stormIsOver(records);
    await webIsBack(web.url);
    fleet.breakTill();
    await sendAll(web.url, fleet.tokens, oneAlert(seed), WITHIN_MS);
    await drained(records);
    await ended(records, TILL);
    const ofTill = (await incidentsOf(records)).filter(({ service }) => service === TILL);
    return judge({ answers, lost, rssMb, ofMany, ofTill, acted: fleet.acted });
  } finally {
    await records.end();
  }
}

interface Found {
  readonly answers: readonly Sent[];
  readonly lost: number;
  readonly rssMb: number;
  readonly ofMany: readonly IncidentRow[];
  readonly ofTill: readonly IncidentRow[];
  readonly acted: readonly string[];
}

function judge({ answers, lost, rssMb, ofMany, ofTill, acted }: Found): Measured {
  const taken = answers.filter(({ status }) => status >= 200 && status < 300);
  const later = answers.filter(({ status, retryAfter }) => (status === 429 || status === 503) && Number(retryAfter) >= 1);
  const other = answers.length - taken.length - later.length;
  const p99 = percentile(
    taken.map(({ ms }) => ms),
    0.99,
  );
  const whole = ofMany.filter(({ part_of: partOf }) => partOf === null);
  const actions = (service: string): number => acted.filter((one) => one === service).length;
  const onlySource = whole.length === 1 && whole[0]?.service === DATABASE;
  return {
    value: `${taken.length} kept (${lost} of their alerts lost), ${later.length} later, ${other} other; p99 ${p99.toFixed(0)} ms; ${rssMb.toFixed(0)} MB; ${whole.length} incident(s) of ${whole.map(({ service }) => service).join(', ')} with ${ofMany.length - whole.length} part(s); ${acted.length} actions; one alert from two senders: ${ofTill.length} incident(s)`,
    ok:
      lost === 0 &&
      other === 0 &&
      p99 < P99_MS &&
      rssMb < RSS_MB &&
      onlySource &&
      ofTill.length === 1 &&
      acted.length === 2 &&
      actions(DATABASE) === 1 &&
      actions(TILL) === 1,
    hitEnough: taken.length >= REQUESTS / 2,
    evidence: `acted on ${acted.join(', ')}; incidents ${JSON.stringify(ofMany)} ${JSON.stringify(ofTill)}; statuses ${JSON.stringify(countBy(answers.map(({ status }) => status)))}`,
  };
}

const countBy = (values: readonly number[]): Readonly<Record<string, number>> =>
  Object.fromEntries([...new Set(values)].map((value) => [value, values.filter((one) => one === value).length]));

const alertOf = (service: string, n: string, status = 'firing') => ({
  status,
  labels: { alertname: 'Down', service, severity: 'critical', n },
  annotations: { summary: `${service} does not answer` },
  startsAt: new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString(),
});

/** Every alert is one of its own; the services are drawn, and now and then it is the database's own. */
function manyAlerts({ names }: FloodedFleet, seed: number): readonly Sending[] {
  const draw = seeded(seed);
  const service = (): string => (draw.whole(100) === 0 ? DATABASE : (names[draw.whole(names.length)] ?? DATABASE));
  return Array.from({ length: REQUESTS }, (_, request) => ({
    source: request % 2 === 0 ? 'am-1' : 'am-2',
    alerts: Array.from({ length: ALERTS }, (__, index) => alertOf(service(), `${request}-${index}`)),
  }));
}

/** The same alert from both, shuffled, in one case of ten told as resolved. */
function oneAlert(seed: number): readonly Sending[] {
  const draw = seeded(seed + 1);
  const fires = alertOf(TILL, 'same');
  return Array.from({ length: 1_000 }, () => ({
    source: draw.whole(2) === 0 ? 'am-1' : 'am-2',
    alerts: [draw.whole(10) === 0 ? { ...fires, status: 'resolved' } : fires],
  }));
}

/** Whatever was answered with 2xx must be there, alert by alert. */
async function missing(records: pg.Client, sendings: readonly Sending[], answers: readonly Sent[]): Promise<number> {
  const promised = sendings.flatMap(({ alerts }, index) => (answers[index]?.status === 200 ? alerts : []));
  const wanted = promised.map((one) => (one as { labels: { n: string } }).labels.n);
  const { rows } = await records.query<{ n: number }>("select count(*)::int as n from alerts where labels->>'n' = any($1)", [wanted]);
  return wanted.length - (rows[0]?.n ?? 0);
}

interface IncidentRow {
  readonly id: string;
  readonly service: string;
  readonly part_of: string | null;
  readonly outcome: string | null;
}

const incidentsOf = async (records: pg.Client): Promise<IncidentRow[]> =>
  (await records.query<IncidentRow>('select id, service, part_of, outcome from incidents order by started_at')).rows;

async function until(holds: () => Promise<boolean>, seconds = 120): Promise<void> {
  const limit = Date.now() + seconds * 1_000;
  while (!(await holds())) {
    if (Date.now() > limit) return;
    await wait(200);
  }
}

const some = async (records: pg.Client, sql: string, values: readonly unknown[] = []): Promise<boolean> =>
  ((await records.query(sql, [...values])).rowCount ?? 0) > 0;

const everythingWasRead = (records: pg.Client): Promise<void> =>
  until(async () => (await records.query('select distinct service from samples')).rowCount === SERVICES + 2);

const drained = (records: pg.Client): Promise<void> =>
  until(async () => !(await some(records, "select from alerts where state = 'waiting'")));

const ended = (records: pg.Client, service: string): Promise<void> =>
  until(() => some(records, 'select from incidents where service = $1 and ended_at is not null', [service]));

/** While many services are one incident nothing but their source is corrected. */
const stormIsOver = (records: pg.Client): Promise<void> =>
  until(async () => !(await some(records, 'select from storms where ended_at is null')));

const webIsBack = (url: string): Promise<void> => until(async () => (await fetch(`${url}/healthz`).catch(() => undefined))?.ok === true);

async function rss(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
