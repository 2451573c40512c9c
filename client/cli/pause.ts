import { ALL_SERVICES } from '../../adapters/postgres/controls.js';
import { durationMs } from './duration.js';
import { Failure } from './exit-codes.js';
import { withHale, type Hale } from './hale.js';
import { knownService } from './lookup.js';
import { orderOf, type Spoken } from './person.js';
import type { Report } from './report.js';
import { age } from './text.js';
import { tellRunning } from './words.js';

/** pause: the gate refuses new corrections until the end of the pause, and running cycles wait at their next safe point. */
export const pause = (name: string, options: Spoken & { readonly for: string }): Promise<Report> =>
  withHale(options, async (hale) => {
    const forMs = durationMs('--for', options.for);
    const service = await namedService(hale, name, forMs);
    const { key, ...who } = orderOf(options);
    const until = Date.now() + forMs;
    const other = await (await hale.switches()).pause(service ?? ALL_SERVICES, until, { key, ...who });
    if (other?.stays === true)
      return saidOnly(`${other.by}'s pause of ${name} holds until ${new Date(other.until).toISOString()}, longer than yours`);
    const told = await toldOrNot(hale, () => tellRunning(hale, service, 'pause', { ...who, until }, key));
    const instead =
      other === undefined ? '' : `, in the place of ${other.by}'s, which would have ended ${new Date(other.until).toISOString()}`;
    const end = `end it: hale resume ${name}`;
    return saidOnly(`${name} is paused for ${age(forMs)}, until ${new Date(until).toISOString()}${instead}; ${end}`, ...told);
  });

/** resume: ends the pause, lets go of holds, and with `--all` lifts the stop. */
export const resume = (name: string | undefined, options: Spoken & { readonly all?: boolean }): Promise<Report> =>
  withHale(options, async (hale) => {
    if (name === undefined && !options.all) throw new Failure('usage', 'say what to resume: a service, `all`, or --all to lift the stop');
    const said = options.all ? [await liftStop(hale, options)] : [];
    if (name !== undefined) said.push(...(await resumeService(hale, name, options)));
    return saidOnly(...said);
  });

const saidOnly = (...said: readonly string[]): Report => ({ data: { said }, text: said.join('\n') });

async function liftStop(hale: Hale, options: Spoken): Promise<string> {
  const stopped = await (await hale.switches()).liftStop(orderOf(options));
  if (stopped?.objection !== undefined) throw new Failure('refused', stopped.objection);
  return stopped === undefined
    ? 'automation was not stopped'
    : `automation goes on; it was stopped by ${stopped.by} at ${new Date(stopped.since).toISOString()}`;
}

async function resumeService(hale: Hale, name: string, options: Spoken): Promise<string[]> {
  const service = name === 'all' ? undefined : (await knownService(hale, name)).name;
  const switches = await hale.switches();
  const { key, ...who } = orderOf(options);
  const paused = await switches.unpause(service ?? ALL_SERVICES, { key, ...who });
  const holds = service === undefined ? 0 : await switches.resumeHolds(service, { key, ...who });
  const told = await toldOrNot(hale, () => tellRunning(hale, service, 'resume', who, key));
  const found = [paused ? `the pause by ${paused.by} is over` : '', holds > 0 ? `${holds} held: hale acts again` : ''].filter(Boolean);
  return [`${name}: ${found.join('; ') || 'was neither paused nor held'}`, ...told];
}

/** Refuses a pause longer than the service allows: a pause that is forgotten must end by itself. */
async function namedService(hale: Hale, name: string, forMs: number): Promise<string | undefined> {
  if (name === 'all') return undefined;
  const { limits } = await knownService(hale, name);
  if (forMs <= limits.pauseMsMax) return name;
  throw new Failure('refused', `--for is ${age(forMs)}: ${name} may be paused for ${age(limits.pauseMsMax)} at most`);
}

/** The switch is set; that running cycles could not be told must not look as if it were not. */
async function toldOrNot(hale: Hale, work: () => Promise<string[]>): Promise<string[]> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [`running cycles could not be told (${error.message}); their next correction is gated all the same`];
  }
}
