import type { Mark } from '../../../adapters/postgres/reviews.js';
import type { Reviewed } from '../../../contracts/adoption.js';
import { exitCodes } from '../exit-codes.js';
import { say } from '../report.js';
import { incidentText } from './review-text.js';

const marksByKey: Readonly<Record<string, Mark>> = { r: 'right', w: 'wrong' };
const help = 'r right   w wrong   s skip   q quit';

/** Shows each incident that is not marked yet and takes one key for it. */
export async function askEach(all: Reviewed[], by: string, set: (one: Reviewed, mark: Mark) => Promise<unknown>): Promise<void> {
  const open = all.filter(({ mark }) => mark === null);
  for (const [index, one] of open.entries()) {
    say(`(${index + 1} of ${open.length})`);
    process.stderr.write(`${incidentText(one)}\n`);
    say(help);
    const key = await keyOf(['r', 'w', 's', 'q']);
    if (key === 'q') return;
    const mark = marksByKey[key];
    if (mark === undefined) continue;
    await set(one, mark);
    all[all.indexOf(one)] = { ...one, mark: { mark, by, at: new Date().toISOString() } };
  }
}

/** The next of these keys. The terminal is given back after each: whatever happens, it is as it was. */
function keyOf(keys: readonly string[]): Promise<string> {
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.resume();
  return new Promise((resolve) => {
    const done = (key: string): void => {
      stdin.off('data', read);
      stdin.setRawMode(false);
      stdin.pause();
      resolve(key);
    };
    const read = (data: Buffer): void => {
      for (const key of data.toString('utf8')) {
        if (key === '\u0003') {
          done('q');
          process.exit(exitCodes.interrupted);
        }
        if (keys.includes(key.toLowerCase())) return done(key.toLowerCase());
      }
    };
    stdin.on('data', read);
  });
}
