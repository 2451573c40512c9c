// For a container's health check: `healthcheck.js STATE` ends with 0 while hale and all its processes run.
import { resolve } from 'node:path';
import { isRunning } from './stack/process-identity.js';
import { readRun } from './stack/run-file.js';

const state = resolve(process.argv[2] ?? process.env.HALE_STATE ?? '.hale');
const processes = readRun(state)?.processes ?? [];
const gone = processes.filter((process) => !isRunning(process)).map(({ role }) => role);
const polls = processes.some(({ role }) => role.startsWith('cycles-'));

if (!polls) console.error(`no worker runs on ${state}`);
else if (gone.length > 0) console.error(`not running: ${gone.join(', ')}`);
process.exitCode = polls && gone.length === 0 ? 0 : 1;
