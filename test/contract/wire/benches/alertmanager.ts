import type { AlertmanagerAction } from '../../../../domain/service.js';
import { startAlertmanager, type DebianServer } from '../../../support/debian-prometheus.js';
import type { WireBench, WireTarget } from '../bench.js';
import { Line } from '../line.js';
import { built } from './module.js';

interface Silence {
  readonly id: string;
  readonly status: { readonly state: string };
  readonly matchers: readonly { readonly name: string; readonly value: string }[];
  readonly createdBy: string;
  readonly comment: string;
  readonly endsAt: string;
}

let server: DebianServer | undefined;
let number = 0;

/** A real Alertmanager for all, and a service of its own for each: its silences are its ledger. */
export const alertmanager: WireBench<AlertmanagerAction> = {
  name: 'alertmanager',
  provider: built('adapters/alertmanager/provider', 'alertmanagerProvider'),
  open: async () => void (server = await startAlertmanager({ config: 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n' })),
  close: async () => server?.stop(),
  arrange: async () => {
    if (server === undefined) throw new Error('the bench is not open');
    number += 1;
    return arrange(server.url, `wire-${number}`);
  },
};

async function arrange(url: string, service: string): Promise<WireTarget<AlertmanagerAction>> {
  // A door of its own, since the server is for all: behind a closed one it is gone for this target.
  const door = await Line.to({ host: '127.0.0.1', port: Number(new URL(url).port) });
  const known = async (): Promise<readonly Silence[]> => {
    const all = (await (await fetch(`${url}/api/v2/silences`)).json()) as Silence[];
    return all.filter(({ matchers }) => matchers.some(({ value }) => value === service));
  };
  const active = async () => (await known()).filter(({ status }) => status.state === 'active');
  return {
    address: { host: '127.0.0.1', port: door.port },
    aimedAt: (port) => ({
      service,
      action: { kind: 'alertmanager', source: { name: 'am', url: `http://127.0.0.1:${port}` }, labels: { service }, forMs: 120_000 },
      timeoutMs: 600,
    }),
    isAct: (bytes) => bytes.includes('POST /api/v2/silences'),
    isUndo: (bytes) => bytes.includes('DELETE /api/v2/silence/'),
    // Also those that a person has prolonged since.
    effects: async () => (await known()).filter(({ comment }) => comment.startsWith('hale is at work')).length,
    state: async () => (await active()).map(({ id, endsAt, createdBy }) => `${id} ${endsAt} ${createdBy}`).join('\n'),
    disturb: async () => silence(url, service, (await active())[0]),
    remove: async () => door.refuse(),
    close: () => door.close(),
  };
}

/** A person sets a silence, or prolongs hale's. */
async function silence(url: string, service: string, own: Silence | undefined): Promise<void> {
  const [startsAt, endsAt] = [new Date().toISOString(), new Date(Date.now() + 600_000).toISOString()];
  const matchers = [{ name: 'service', value: service, isRegex: false, isEqual: true }];
  const body = JSON.stringify({ matchers, startsAt, comment: 'disk swap', ...own, endsAt, createdBy: 'eve' });
  const answer = await fetch(`${url}/api/v2/silences`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
}
