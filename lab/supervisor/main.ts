/**
 * The lab's supervisor: keeps one unit, obeys commands on a loopback port, and writes what it did into a ledger of its own.
 * Started as `main.js SETTINGS`, a JSON file of `SupervisorSettings`.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { readyUntilTold } from '../child.js';
import type { Command, Reply } from './control.js';
import { type Entry, Ledger } from './ledger.js';
import { Unit, type UnitFiles } from './unit.js';

export interface SupervisorSettings extends UnitFiles {
  readonly unit: string;
  readonly port: number;
  readonly ledger: string;
}

const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as SupervisorSettings;
const ledger = new Ledger(settings.ledger);
const note = (entry: Omit<Entry, 'at' | 'unit'>): void => ledger.append({ at: Date.now(), unit: settings.unit, ...entry });
const unit = new Unit(settings, (pid) => note({ verb: 'revive', answer: 'done', pid }));

async function obey(command: Command): Promise<Reply> {
  const { verb, unit: name, actionId, fence } = command;
  if (name !== settings.unit) return { answer: 'unknown', why: `no unit ${name}; there is ${settings.unit}` };
  if (verb === 'status') return { answer: 'done', pid: unit.pid };
  if (verb === 'did') return { answer: actionId !== undefined && ledger.did(actionId) ? 'done' : 'notDone' };
  if (verb === 'revive-on' || verb === 'revive-off') {
    unit.revives = verb === 'revive-on';
    return { answer: 'done', pid: unit.pid };
  }
  const answer = judge(actionId, fence);
  if (answer === 'done') await act(verb);
  note({ verb, answer, ...(actionId === undefined ? {} : { actionId }), ...(fence === undefined ? {} : { fence }), pid: unit.pid ?? 0 });
  return { answer, pid: unit.pid };
}

/** The target's side of fencing and of idempotence: a late holder is refused, a known action is not repeated. */
function judge(actionId: string | undefined, fence: string | undefined): Entry['answer'] {
  if (fence !== undefined && BigInt(fence) < ledger.fence()) return 'refused';
  return actionId !== undefined && ledger.did(actionId) ? 'repeated' : 'done';
}

async function act(verb: 'start' | 'stop' | 'restart' | 'replace'): Promise<void> {
  if (verb === 'replace') return unit.replace();
  if (verb !== 'start') await unit.stop();
  if (verb !== 'stop') await unit.start();
}

/** Commands run one after the other, so that two at once can't both find an action undone. */
let last: Promise<unknown> = Promise.resolve();
const inTurn = (command: Command): Promise<Reply> => {
  const mine = last.then(() => obey(command));
  last = mine.catch(() => undefined);
  return mine;
};

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const reply = await inTurn(JSON.parse(Buffer.concat(chunks).toString()) as Command);
  response.end(JSON.stringify(reply));
});

server.listen(settings.port, '127.0.0.1', () =>
  readyUntilTold(async () => {
    server.close();
    unit.revives = false;
    await unit.stop();
    ledger.close();
  }),
);
