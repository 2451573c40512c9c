import { durationMs } from './duration.js';
import { Failure } from './exit-codes.js';
import { withHale, type Hale } from './hale.js';
import { knownService } from './lookup.js';
import { orderOf, type Spoken } from './person.js';
import type { Report } from './report.js';
import { age } from './text.js';

export type WorkOptions = Spoken & { readonly for: string; readonly done?: boolean; readonly of?: string };

/** work: a person is at the service. It ends by itself, since nobody remembers to say that they have gone. */
export const work = (service: string, options: WorkOptions): Promise<Report> =>
  withHale(options, async (hale) => {
    const { limits } = await knownService(hale, service);
    const said = options.done ? await end(hale, service, options) : await begin(hale, service, options, limits.pauseMsMax);
    return { data: { said: [said] }, text: said };
  });

async function begin(hale: Hale, service: string, options: Spoken & { readonly for: string }, longestMs: number): Promise<string> {
  const forMs = durationMs('--for', options.for);
  if (forMs > longestMs) throw new Failure('refused', `--for is ${age(forMs)}: on ${service} it may be ${age(longestMs)} at most`);
  const order = orderOf(options);
  const until = Date.now() + forMs;
  const other = await (await hale.switches()).work(service, until, order);
  const yields = (await (await hale.records()).fleet())?.policy?.yieldTo?.includes('person') ?? false;
  const counts = yields
    ? 'hale keeps its hands off'
    : 'the policy does not yield to persons: hale acts all the same (policy: {yieldTo: [person]})';
  if (other?.stays === true) return `${standing(service, other)}, longer than yours; ${counts}`;
  const instead = other === undefined ? '' : `, in the place of ${other.by}, who works on it until ${new Date(other.until).toISOString()}`;
  return `${order.by} works on ${service} until ${new Date(until).toISOString()}${instead}; ${counts}; end it: hale work ${service} --done`;
}

/** Two may work on one service, and the one who leaves does not speak for the other. */
async function end(hale: Hale, service: string, options: WorkOptions): Promise<string> {
  const order = orderOf(options);
  const found = await (await hale.switches()).endWork(service, options.of ?? order.by, order);
  if (found === undefined) return `nobody works on ${service}`;
  if (found.ended) return `the work of ${found.by} on ${service} is over`;
  throw new Failure(
    'refused',
    `${standing(service, found)}, which is not yours`,
    `end it all the same: hale work ${service} --done --of ${found.by}`,
  );
}

const standing = (service: string, { by, until }: { readonly by: string; readonly until: number }): string =>
  `${by} works on ${service} until ${new Date(until).toISOString()}`;
