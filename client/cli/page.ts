import { setTimeout as wait } from 'node:timers/promises';
import type { DeliveryRecord, Records } from '../../adapters/postgres/read.js';
import type { PageTest } from '../../contracts/cli.js';
import { channelsOf, noPaging } from '../../domain/channel.js';
import { Failure } from './exit-codes.js';
import { withHale, type Hale } from './hale.js';
import { orderOf, type Spoken } from './person.js';
import type { Report } from './report.js';
import { counted, table } from './text.js';

const LOOK_EVERY_MS = 200;
const PATIENCE_MS = 45_000;
const ANSWER_MAX = 120;

/** page test: the running hale sends a test through every channel of a team, as it would call people, and says what came of it. */
export const testPage = (team: string | undefined, options: Spoken): Promise<Report> =>
  withHale(options, async (hale) => {
    await channelsOrFail(hale, team);
    const event = await (await hale.switches()).testPage(team, orderOf(options));
    const results = await settled(await hale.records(), event);
    const data: PageTest = {
      channels: results.map(({ channel, state, answer }) => ({ channel, arrived: state === 'sent', answer: answer ?? null })),
    };
    const failed = data.channels.filter(({ arrived }) => !arrived);
    return {
      data,
      text: answersTable(data),
      ...(failed.length > 0 && {
        exit: 'trouble',
        talk: [`${counted(failed.length, 'channel')} can't be used: look at its secret and address`],
      }),
    };
  });

async function channelsOrFail(hale: Hale, team: string | undefined): Promise<void> {
  const paging = (await (await hale.records()).fleet())?.paging ?? noPaging;
  const names = paging.teams.map(({ name }) => name);
  if (team !== undefined && !names.includes(team))
    throw new Failure('notFound', `there is no team ${team}`, `there are: ${names.join(', ') || 'none'}`);
  if (channelsOf(paging, team).length > 0) return;
  throw new Failure(
    'notFound',
    `${team === undefined ? 'policy' : `team ${team}`} has no channel`,
    `for example teams: {${team ?? 'web'}: {page: {slack: NAME}}}`,
  );
}

export const answersTable = ({ channels }: PageTest): string =>
  table(
    ['CHANNEL', 'RESULT', 'ANSWER'],
    channels.map(({ channel, arrived, answer }) => [channel, arrived ? 'arrived' : 'FAILED', shortened(answer ?? '-')]),
  );

/** Some servers answer with a whole page. */
const shortened = (answer: string): string => (answer.length <= ANSWER_MAX ? answer : `${answer.slice(0, ANSWER_MAX)}…`);

/** A test is tried once: what it comes to is known soon, unless no worker runs. */
async function settled(records: Records, event: string): Promise<readonly DeliveryRecord[]> {
  const limit = Date.now() + PATIENCE_MS;
  while (Date.now() < limit) {
    const deliveries = await records.deliveries(event);
    if (deliveries?.every(({ state }) => state !== 'waiting')) return deliveries;
    await wait(LOOK_EVERY_MS);
  }
  throw new Failure(
    'timeout',
    `nobody sent the test within ${PATIENCE_MS / 1000} s`,
    'does a worker run? `hale doctor` looks at every part.',
  );
}
