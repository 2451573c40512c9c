import { openReviews, type Mark, type Reviews } from '../../../adapters/postgres/reviews.js';
import type { Review, Reviewed } from '../../../contracts/adoption.js';
import { wilson } from '../../../domain/statistics.js';
import { durationMs } from '../duration.js';
import { Failure } from '../exit-codes.js';
import { withHale, type Hale } from '../hale.js';
import { incidentOf } from '../lookup.js';
import { orderOf, type Spoken } from '../person.js';
import type { Report } from '../report.js';
import { databaseOf } from '../whereabouts.js';
import { askEach } from './keys.js';
import { reviewText } from './review-text.js';
import { correctionsOf, reviewOf } from './reviewing.js';

export interface ReviewOptions extends Spoken {
  readonly since: string;
  readonly service?: string;
  readonly mark?: Mark;
  readonly json?: boolean;
}

const incidentsMax = 1_000;

/** review: what hale would have done, and what people or time did instead. In a terminal one key marks each. */
export const review = (options: ReviewOptions): Promise<Report> =>
  withReviews(options, async (hale, reviews) => {
    if (options.mark !== undefined) throw new Failure('usage', '--mark needs an incident: hale review inc-7 --mark right');
    const records = await hale.records();
    const since = new Date(Date.now() - durationMs('--since', options.since));
    const service = options.service === undefined ? {} : { service: options.service };
    const incidents = await records.incidents({ since, limit: incidentsMax, ...service });
    const all: Reviewed[] = [];
    for (const incident of incidents) {
      const one = await reviewOf(records, reviews, incident);
      if (one !== undefined) all.push(one);
    }
    if (process.stdin.isTTY && process.stdout.isTTY && !options.json)
      await askEach(all, orderOf(options).by, (one, mark) => set(hale, reviews, one, mark, options));
    const data = reviewData(all);
    const talk = incidents.length === incidentsMax ? [`only the newest ${incidentsMax} incidents were looked at`] : [];
    return { data, text: reviewText(data), talk };
  });

/** review ID: one incident, and its mark when one is given. */
export const reviewIncident = (id: string, options: ReviewOptions): Promise<Report> =>
  withReviews(options, async (hale, reviews) => {
    const records = await hale.records();
    const incident = await incidentOf(hale, id);
    const one = await reviewOf(records, reviews, incident);
    if (one === undefined) throw new Failure('refused', `in ${id} hale neither did nor suggested anything`, `look: hale incidents ${id}`);
    if (options.mark === undefined) return { data: reviewData([one]), text: reviewText(reviewData([one])) };
    const { mark } = options;
    const by = orderOf(options).by;
    const changed = await set(hale, reviews, one, mark, options);
    return {
      data: { incident: id, mark, by, changed },
      text: `${id}: ${correctionsOf(one).join(', ')} was ${mark}, says ${by}${changed ? '' : ', as before'}`,
    };
  });

async function set(hale: Hale, reviews: Reviews, one: Reviewed, mark: Mark, options: Spoken): Promise<boolean> {
  const { by, key } = orderOf(options);
  const fleet = await (await hale.records()).fleet();
  const serviceClass = fleet?.services.find(({ name }) => name === one.service)?.class;
  return reviews.mark({
    incident: one.incident,
    service: one.service,
    ...(one.instance === null ? {} : { instance: one.instance }),
    ...(serviceClass === undefined ? {} : { class: serviceClass }),
    corrections: correctionsOf(one),
    mark,
    by,
    key: `review/${key}`,
  });
}

function withReviews<T>(options: ReviewOptions, work: (hale: Hale, reviews: Reviews) => Promise<T>): Promise<T> {
  return withHale(options, async (hale) => {
    await hale.records(); // Whether the database can be reached at all, it says in its own words.
    const reviews = await openReviews(databaseOf(hale.whereabouts));
    try {
      return await work(hale, reviews);
    } finally {
      await reviews.close();
    }
  });
}

function reviewData(incidents: readonly Reviewed[]): Review {
  const marks = incidents.flatMap(({ mark }) => (mark === null ? [] : [mark.mark]));
  const { numerator, denominator, interval } = wilson(marks.filter((mark) => mark === 'right').length, marks.length);
  const value = denominator === 0 ? null : numerator / denominator;
  return {
    incidents: [...incidents],
    agreement: { value, numerator, denominator, low: interval?.low ?? null, high: interval?.high ?? null },
  };
}
