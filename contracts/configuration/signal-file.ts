import { z } from 'zod';
import {
  absolutePath,
  amount,
  argv,
  choice,
  containerName,
  count,
  duration,
  label,
  machineWord,
  name,
  regularExpression,
  text,
  url,
  votes,
  percent,
} from './scalars.js';

/** Where a PostgreSQL server is reached, or who else runs the service. */
export const target = z.strictObject({
  postgres: z.array(text).min(1).max(20).optional().describe('Hosts of one PostgreSQL cluster, tried in turn'),
  port: count(1, 65_535).optional(),
  role: choice('primary', 'replica', 'any').optional(),
  user: text.optional(),
  password: text.optional().describe('Name of an entry of `secrets`, never the password'),
  database: text.optional(),
  tls: z
    .union([z.literal(true), absolutePath], { error: 'true, or the absolute path of a file with the certificates of authorities' })
    .optional()
    .describe('Encrypted, to a server that the authorities of Node vouch for, or those in this file'),
  source: name.optional(),
  deployment: text.optional(),
  container: containerName.optional().describe('Name of a container of the docker that is the source'),
  label: label.optional().describe('In place of its name: a label that exactly one container has'),
  host: machineWord('host').optional().describe('A machine of an ssh source; $host is the instance without its port'),
  unit: machineWord('unit').optional().describe('A unit of systemd'),
  service: machineWord('path').optional().describe('Folder of a service of runit'),
  managedBy: text.optional().describe('The controller that owns the target'),
});

export const bound = z.strictObject({ above: amount.optional(), below: amount.optional() });

export const signal = z.strictObject({
  http: url.optional().describe('GET this URL'),
  measure: choice('ok', 'latency', 'status').optional().describe('ok: 1 or 0; latency: seconds until the body was read'),
  expect: z.strictObject({ status: count(100, 599).optional(), body: regularExpression.optional() }).optional(),
  exec: argv.optional().describe('A program that prints a number'),
  plugin: z.boolean().optional().describe('The program is a Nagios plugin: its exit code counts'),
  scrape: url.optional().describe('A page in the Prometheus text format'),
  metric: text.optional(),
  labels: z.record(text, z.string()).optional(),
  source: name.optional().describe('Name of a Prometheus in `sources`'),
  query: text.optional().describe('PromQL'),
  sql: text.optional().describe('A query that answers one number, run in a read-only transaction'),
  target: target.optional(),
  every: duration('100ms', '1d').optional(),
  timeout: duration('10ms', '5m').optional(),
  per: choice('service', 'instance').optional(),
  staleAfter: duration('1s', '30d').optional(),
  onlyIf: z.record(name, bound).optional().describe('Says something only while these other signals are within their bounds'),
});

export const objective = z.strictObject({
  signal: name.optional().describe('The signal that it bounds; the objective`s own name when left out'),
  above: amount.optional().describe('Healthy above this'),
  below: amount.optional().describe('Healthy below this'),
  for: duration('0s', '1d').optional().describe('How long the bound must be broken'),
  votes: votes.optional(),
  silence: duration('1s', '30d').optional().describe('Missing data for this long is a finding of its own'),
  hold: duration('1s', '30d').optional().describe('How long it must stay met after a correction'),
  target: percent.optional(),
  window: duration('1h', '1y').optional(),
  warnAhead: duration('1m', '30d').optional(),
});

export type BoundFile = z.output<typeof bound>;
