// What exec and file corrections run: call.js PORT act VERB, or call.js PORT did. Exit code 1: not done.
import { request } from 'node:http';

const [port = '', what = '', verb = ''] = process.argv.slice(2);
const { HALE_ACTION_ID = '', HALE_FENCE = '', HALE_SERVICE = '' } = process.env;
const headers = { 'Idempotency-Key': HALE_ACTION_ID, 'Hale-Fence': HALE_FENCE, 'Caller-Pid': String(process.ppid) };
const path = what === 'act' ? `/act/${HALE_SERVICE}/${verb}` : `/did/${HALE_SERVICE}`;

const call = request({ host: '127.0.0.1', port, path, method: what === 'act' ? 'POST' : 'GET', headers, agent: false }, (response) => {
  const { statusCode = 0 } = response;
  process.exitCode = statusCode === 200 ? 0 : statusCode === 404 ? 1 : 2;
  response.pipe(process.stdout);
});
call.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 2;
});
call.end();
