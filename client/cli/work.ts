import { durationMs } from './duration.js';
import { Failure } from './exit-codes.js';
import { withHale, type Hale } from './hale.js';
import { knownService } from './lookup.js';
import { orderOf, type Spoken } from './person.js';
import type { Report } from './report.js';
import { age } from './text.js';

/** work: a person is at the service. It ends by itself, since nobody remembers to say that they have gone. */
export const work = (service: string, options: Spoken & { readonly for: string; readonly done?: boolean }): Promise<Report> =>
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
  await (await hale.switches()).work(service, until, order);
  const yields = (await (await hale.records()).fleet())?.policy?.yieldTo?.includes('person') ?? false;
  const counts = yields
    ? 'hale keeps its hands off'
    : 'the policy does not yield to persons: hale acts all the same (policy: {yieldTo: [person]})';
  return `${order.by} works on ${service} until ${new Date(until).toISOString()}; ${counts}; end it: hale work ${service} --done`;
}

async function end(hale: Hale, service: string, options: Spoken): Promise<string> {
  const ended = await (await hale.switches()).endWork(service, orderOf(options));
  return ended === undefined ? `nobody works on ${service}` : `the work of ${ended.by} on ${service} is over`;
}
