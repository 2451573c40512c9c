import { writeFile } from 'node:fs/promises';
import type { EffectRecord, IncidentRecord, Records } from '../../adapters/postgres/read.js';
import type { Incident, IncidentDetail } from '../../contracts/cli.js';
import { askFacts } from '../../domain/page.js';
import { lookAt } from '../cycles.js';
import { workflowLink } from '../links.js';
import { changeData } from './change-data.js';
import { changesTable } from './changes.js';
import { durationMs } from './duration.js';
import { Failure } from './exit-codes.js';
import { withHale, type Hale } from './hale.js';
import { incidentOf } from './lookup.js';
import type { Report } from './report.js';
import { age, counted, plain, printableJson, table } from './text.js';
import type { Where } from './whereabouts.js';
import { wholeNumber } from './whole-number.js';

export interface IncidentsOptions extends Where {
  readonly open?: boolean;
  readonly since?: string;
  readonly service?: string;
  readonly export?: string;
  readonly limit: string;
  /** Also what is part of a storm. */
  readonly all?: boolean;
}

/** incidents: what happened, newest first. */
export const incidents = (options: IncidentsOptions): Promise<Report> =>
  withHale(options, async (hale) => {
    if (options.export !== undefined) throw new Failure('usage', '--export needs an incident: hale incidents inc-7 --export FILE');
    const limit = wholeNumber('--limit', options.limit, { min: 1, max: 10_000, example: 20 });
    const records = await hale.records();
    const found = await records.incidents({
      open: options.open ?? false,
      limit,
      whole: !options.all,
      ...(options.service === undefined ? {} : { service: options.service }),
      ...(options.since === undefined ? {} : { since: new Date(Date.now() - durationMs('--since', options.since)) }),
    });
    const data = await Promise.all(found.map((incident) => incidentData(records, incident)));
    return { data, text: data.length === 0 ? 'no incidents' : listText(data, Date.now()) };
  });

async function exportTo(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error: Error) => {
    throw new Failure(
      'usage',
      `--export is ${JSON.stringify(file)}, which can't be written: ${error.message}; for example --export inc-7.json`,
    );
  });
}

/** incidents ID: everything on record about one; `--export` writes it with the histories of its cycles. */
export const incident = (id: string, options: IncidentsOptions): Promise<Report> =>
  withHale(options, async (hale) => {
    const records = await hale.records();
    const found = await incidentOf(hale, id);
    const [recorded, open] = await Promise.all([detailOf(records, found), openAsk(hale, found)]);
    const detail = { ...recorded, ask: cardIn(recorded, open) };
    if (options.export !== undefined) {
      const histories = await records.histories(id);
      await exportTo(options.export, `${printableJson({ schemaVersion: 1, incident: detail, histories }, 2)}\n`);
      const missing = detail.cycles.length - histories.length;
      const talk =
        missing > 0 ? [`${counted(missing, 'cycle has', 'cycles have')} no archived history yet: still running, or ended just now`] : [];
      return { data: detail, text: `${options.export}: ${id} with ${counted(histories.length, 'history', 'histories')}`, talk };
    }
    const { temporal } = hale.whereabouts;
    const link = temporal?.ui === undefined ? undefined : workflowLink(temporal.ui, temporal.namespace, detail.workflowId);
    return { data: detail, text: detailText(detail, link) };
  });

/** The question that the cycle waits for now; what is on record may be answered. */
async function openAsk(hale: Hale, incident: IncidentRecord): Promise<string | undefined> {
  if (incident.endedAt !== undefined || incident.cycleCount === 0) return undefined;
  const client = await hale.temporal().catch(() => undefined);
  const seen = client && (await lookAt(client, incident));
  return seen?.kind === 'runs' ? seen.state.ask?.proposal : undefined;
}

/** As people were called with it. */
function cardIn({ events }: Pick<IncidentDetail, 'events'>, proposal: string | undefined): IncidentDetail['ask'] {
  if (proposal === undefined) return null;
  const cards = events.flatMap(({ data }) => (isCard(data['ask']) && data['ask']['proposal'] === proposal ? [data['ask']] : []));
  return cards.at(-1) ?? null;
}

const isCard = (value: unknown): value is Record<string, string> => typeof value === 'object' && value !== null && 'proposal' in value;

/** Attempts are actions that may have touched the world: what was only prepared, or surely never happened, is none. */
const attempted = ({ state }: EffectRecord): boolean => state !== 'prepared' && state !== 'notApplied';

async function incidentData(records: Records, incident: IncidentRecord): Promise<Incident> {
  return dataOf(incident, await records.effects(incident.id));
}

const dataOf = (incident: IncidentRecord, effects: readonly EffectRecord[]): Incident => ({
  id: incident.id,
  service: incident.service,
  instance: incident.instance ?? null,
  workflowId: incident.workflowId,
  outcome: incident.outcome ?? null,
  sentence: incident.sentence ?? null,
  cycleCount: incident.cycleCount,
  partOf: incident.partOf ?? null,
  startedAt: incident.startedAt.toISOString(),
  endedAt: incident.endedAt?.toISOString() ?? null,
  attempts: effects.filter(attempted).map(({ actionId, correction, state, verdict }) => ({
    actionId,
    correction,
    state,
    verdict: verdict ?? null,
    undone: state === 'undone',
  })),
});

async function detailOf(records: Records, incident: IncidentRecord): Promise<Omit<IncidentDetail, 'ask'>> {
  const [cycles, effects, events, parts, changes] = await Promise.all([
    records.cycles(incident.id),
    records.effects(incident.id),
    records.events(incident.id),
    records.incidents({ partOf: incident.id, limit: 10_000 }),
    records.changes(changesAround(incident)),
  ]);
  return {
    ...dataOf(incident, effects),
    parts: parts.map(({ id }) => id),
    changes: changes.map(changeData),
    cycles: cycles.map(({ cycle, by, startedAt, endedAt, outcome }) => ({
      cycle,
      by,
      startedAt: startedAt.toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
      outcome: outcome ?? null,
    })),
    effects: effects.map(({ actionId, correction, resource, state, before, after, why }) => ({
      actionId,
      correction,
      resource,
      state,
      before,
      after: after ?? null,
      why: why ?? null,
    })),
    events: events.map(({ seq, at, kind, data }) => ({ seq, at: at.toISOString(), kind, data: { ...data } })),
  };
}

/** What was changed an hour before may have brought it about. */
const BEFORE_MS = 3_600_000;

const changesAround = ({ service, startedAt, endedAt }: IncidentRecord) => ({
  service,
  since: startedAt.getTime() - BEFORE_MS,
  ...(endedAt === undefined ? {} : { until: endedAt.getTime() }),
  limit: 20,
});

function listText(list: readonly Incident[], now: number): string {
  const rows = list.map((one) => [
    one.id,
    one.instance === null ? one.service : `${one.service}/${one.instance}`,
    one.outcome ?? 'open',
    tookOf(one, now),
    one.startedAt,
    one.attempts.map(attemptText).join(', ') || '-',
  ]);
  return table(['INCIDENT', 'SERVICE', 'OUTCOME', 'TOOK', 'STARTED', 'ATTEMPTS'], rows);
}

/** Of a relapse nobody must read that one correction took this long: the quiet between its cycles counts too. */
function tookOf({ startedAt, endedAt, cycleCount }: Incident, now: number): string {
  const took = age((endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt));
  return cycleCount > 1 ? `${took} over ${cycleCount} cycles` : took;
}

/** Without a verdict the state tells what is known: an effect that is stranded or adopted is not open. */
const attemptText = ({ correction, state, verdict, undone }: Incident['attempts'][number]): string =>
  `${correction} ${verdict === null ? state : `${verdict}${undone ? ' undone' : state === 'stranded' ? ' stranded' : ''}`}`;

function detailText(detail: IncidentDetail, link: string | undefined): string {
  const effects = detail.effects.map(({ correction, state, before, after, why }) => [correction, state, before, after ?? '-', why ?? '-']);
  const events = detail.events.map(({ at, kind, data }) => [at, kind, sentenceOf(data)]);
  return [
    listText([detail], Date.now()),
    ...(detail.sentence === null ? [] : [plain(detail.sentence)]),
    ...(detail.parts.length === 0 ? [] : [`storm of ${detail.parts.length}: ${detail.parts.join(', ')}`]),
    ...(detail.partOf === null ? [] : [`part of ${detail.partOf}`]),
    ...(detail.workflowId === '' ? [] : [`workflow ${plain(detail.workflowId)}${link === undefined ? '' : `   ${link}`}`]),
    ...(detail.ask === null ? [] : [cardText(detail.id, detail.ask)]),
    ...(detail.changes.length === 0 ? [] : [changesTable(detail.changes)]),
    ...(effects.length === 0 ? [] : [table(['CORRECTION', 'STATE', 'BEFORE', 'AFTER', 'WHY'], effects)]),
    table(['AT', 'EVENT', 'WHAT'], events),
  ].join('\n');
}

const cardText = (id: string, card: Readonly<Record<string, string>>): string =>
  [
    ...askFacts(card).map(({ label, text }) => `${label}: ${plain(text)}`),
    `  hale approve ${id} --proposal ${card['proposal']}`,
    `  hale reject ${id} --proposal ${card['proposal']} --reason WHY`,
  ].join('\n');

/** Ledger lines have a sentence where people are meant to read one; else their own words. */
function sentenceOf(data: Readonly<Record<string, unknown>>): string {
  if (typeof data.sentence === 'string') return data.sentence;
  return Object.entries(data)
    .flatMap(([name, value]) => (typeof value === 'string' || typeof value === 'number' ? [`${name} ${value}`] : []))
    .join(', ');
}
