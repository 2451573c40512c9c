import { startCycle, tell, type Said } from '../cycles.js';
import { signed } from '../sign.js';
import type { IncidentRecord } from '../../adapters/postgres/read.js';
import type { Decision, Word } from '../../contracts/messages.js';
import { Failure } from './exit-codes.js';
import { withHale, type Hale } from './hale.js';
import { incidentOf, knownMember } from './lookup.js';
import { accountGroups, orderOf, type Spoken } from './person.js';
import type { Report } from './report.js';

/** approve, reject: a decision on the proposal whose hash the person has seen. */
export const decide = (decision: Decision['decision'], id: string, options: Spoken & { readonly proposal: string }): Promise<Report> =>
  withHale(options, async (hale) => {
    const incident = await openIncidentOf(hale, id);
    if (decision === 'approve') await refuseWhileStopped(hale, id);
    const { key, ...who } = orderOf(options);
    const unsigned: Decision = { ...who, decision, proposal: options.proposal };
    const word = signed(incident, unsigned, accountGroups(), await (await hale.switches()).signingKey());
    return saidTo(id, await tell(await hale.temporal(), incident, 'decide', word, key));
  });

/** abort: end the cycle and undo. takeOver: end it and leave everything as it is. */
export const endCycle = (verb: 'abort' | 'takeOver', id: string, options: Spoken): Promise<Report> =>
  withHale(options, async (hale) => {
    const incident = await openIncidentOf(hale, id);
    const { key, ...who } = orderOf(options);
    return saidTo(id, await tell(await hale.temporal(), incident, verb, who, key));
  });

/** heal: look at this service now, whether or not anything was reported. */
export const heal = (service: string, options: Spoken & { readonly instance?: string }): Promise<Report> =>
  withHale(options, async (hale) => {
    await knownMember(hale, service, options.instance);
    const { by, reason } = orderOf(options);
    const workflowId = await startCycle(await hale.temporal(), { service, instance: options.instance, by, reason });
    return { data: { workflowId }, text: `${workflowId} looks at ${service} now` };
  });

/** A yes that leads to nothing would be taken for one that was obeyed. */
async function refuseWhileStopped(hale: Hale, id: string): Promise<void> {
  const { stop } = await (await hale.records()).switches();
  if (stop === undefined) return;
  throw new Failure(
    'refused',
    `automation is stopped by ${stop.by}: nothing would be done`,
    `hale resume --all, then look: hale incidents ${id}`,
  );
}

async function openIncidentOf(hale: Hale, id: string): Promise<IncidentRecord> {
  const incident = await incidentOf(hale, id);
  if (incident.endedAt !== undefined)
    throw new Failure('refused', `${id} has ended: ${incident.outcome ?? 'without an outcome'}`, `look: hale incidents ${id}`);
  if (incident.cycleCount === 0)
    throw new Failure('refused', `${id} is a storm and has no cycle of its own`, `its parts: hale incidents ${id}`);
  return incident;
}

function saidTo(id: string, said: Said): Report {
  const sentence = obeyed(id, said);
  return { data: { said: [sentence] }, text: `${id}: ${sentence}` };
}

/** The cycle's own sentence. Throws the refusal or the silence as a failure. */
export function obeyed(id: string, said: Said): string {
  switch (said.kind) {
    case 'obeyed':
      return said.sentence;
    case 'refused':
      throw new Failure('refused', said.sentence, `look again: hale incidents ${id}`);
    case 'ended':
      throw new Failure('refused', `the cycle of ${id} has just ended`, `look: hale incidents ${id}`);
    case 'unanswered':
      throw new Failure(
        'timeout',
        `no worker answered for ${id} within 10 s; the word may still be obeyed when one comes`,
        'look: hale doctor',
      );
  }
}

/** Tells every running cycle of a service; `all` services when it is undefined. */
export async function tellRunning(
  hale: Hale,
  service: string | undefined,
  verb: 'pause' | 'resume',
  word: Word,
  key: string,
): Promise<string[]> {
  const records = await hale.records();
  const open = await records.incidents({ open: true, limit: 1000, ...(service === undefined ? {} : { service }) });
  const running = open.filter(({ cycleCount }) => cycleCount > 0);
  if (running.length === 0) return [];
  const client = await hale.temporal();
  const told = async (incident: IncidentRecord): Promise<string> => {
    const said = await tell(client, incident, verb, word, `${key}/${incident.id}`);
    return `${incident.id}: ${said.kind === 'obeyed' || said.kind === 'refused' ? said.sentence : `the cycle did not answer (${said.kind})`}`;
  };
  return Promise.all(running.map(told));
}
