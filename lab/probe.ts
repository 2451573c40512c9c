/**
 * The judge's eye: asks the shop every 20 ms, in a process of its own, and appends one line "sentAt tookMs ok" for each answer.
 * Started as `probe.js SHOP_PORT FILE`.
 */
import { createWriteStream } from 'node:fs';
import { Agent, request } from 'node:http';
import { readyUntilTold } from './child.js';

const everyMs = 20;
const timeoutMs = 1_000;

const [port, file = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const record = createWriteStream(file, { flags: 'a' });

function probe(): void {
  const at = Date.now();
  let open = true;
  const finish = (ok: boolean): void => {
    if (!open) return;
    open = false;
    clearTimeout(patience);
    record.write(`${at} ${Date.now() - at} ${ok ? 1 : 0}\n`);
  };
  const sent = request({ host: '127.0.0.1', port: Number(port), path: '/orders', agent }, (response) => {
    response.resume();
    response.on('close', () => finish(response.statusCode === 200 && response.complete));
  });
  const patience = setTimeout(() => sent.destroy(new Error('timed out')), timeoutMs);
  sent.on('error', () => finish(false));
  sent.end();
}

const pace = setInterval(probe, everyMs);
readyUntilTold(async () => {
  clearInterval(pace);
  await new Promise((done) => setTimeout(done, timeoutMs)); // The last probes get their answer or their timeout.
  agent.destroy();
  await new Promise((done) => record.end(done));
});
