import { setTimeout as wait } from 'node:timers/promises';
import { withHale } from './hale.js';
import { show, type Output } from './report.js';
import { statusOf, type StatusOptions } from './status.js';
import { statusText } from './status-text.js';

const EVERY_MS = 1_000;

/** status --watch: a picture each second until interrupted; with --json one object a line. */
export const watchStatus = (options: StatusOptions & Output): Promise<never> =>
  withHale(options, async (hale) => {
    for (;;) {
      const data = await statusOf(hale);
      if (process.stdout.isTTY && !options.json) process.stdout.write('\u001b[H\u001b[2J');
      show(options, { data, text: statusText(data, Date.parse(data.asOf)) });
      await wait(EVERY_MS);
    }
  });
