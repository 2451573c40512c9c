import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DebianServer, startAlertmanager } from './debian-prometheus.js';

export interface PagerOptions {
  /** Where hale takes alerts, and its token. */
  readonly hale: string;
  readonly token: string;
  /** Takes PagerDuty's place. */
  readonly pager: string;
  /** Folder for the two secrets. */
  readonly folder: string;
  readonly groupWaitSeconds: number;
}

/** The example for Alertmanager, scaled down in time: one duration and the addresses are changed, and nothing else. */
export function pagerConfig({ hale, token, pager, folder, groupWaitSeconds }: PagerOptions): string {
  const [tokenFile, keyFile] = [join(folder, 'hale-token'), join(folder, 'pagerduty-key')];
  writeFileSync(tokenFile, token);
  writeFileSync(keyFile, 'R1');
  const changes = [
    ['group_wait: 4m', `group_wait: ${groupWaitSeconds}s`],
    ['http://127.0.0.1:18200/api/alerts/alertmanager/am-prod', hale],
    ['/etc/alertmanager/hale-token', tokenFile],
    ['https://events.pagerduty.com/v2/enqueue', pager],
    ['/etc/alertmanager/pagerduty-key', keyFile],
  ] as const;
  return changes.reduce(
    (text, [from, to]) => {
      if (text.split(from).length !== 2) throw new Error(`examples/alertmanager.yml does not say ${from} once`);
      return text.replace(from, to);
    },
    readFileSync('examples/alertmanager.yml', 'utf8'),
  );
}

export const startPager = (options: PagerOptions): Promise<DebianServer> => startAlertmanager({ config: pagerConfig(options) });

/** Tells Alertmanager of an alert, as Prometheus does; one that has ended is over. */
export async function tellAlertmanager(
  url: string,
  labels: Readonly<Record<string, string>>,
  startsAt: Date,
  endsAt?: Date,
): Promise<void> {
  const alert = {
    labels,
    startsAt: startsAt.toISOString(),
    ...(endsAt && { endsAt: endsAt.toISOString() }),
    generatorURL: 'http://prometheus/',
  };
  const answer = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([alert]),
  });
  if (!answer.ok) throw new Error(`Alertmanager answers ${answer.status}: ${await answer.text()}`);
}
