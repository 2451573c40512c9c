import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CannotStart } from './cannot-start.js';
import type { Environment } from './temporal-target.js';

/** What `hale up` was asked for. */
export interface Options {
  /** undefined only with `demo`, which brings its own. */
  readonly config: string | undefined;
  readonly state: string;
  /** The page gets this port, the next three go to the Temporal UI, Temporal and PostgreSQL; undefined: free ones. */
  readonly port: number | undefined;
  /** Address of a Temporal server that hale does not run itself. */
  readonly temporal: string | undefined;
  readonly database: string | undefined;
  /** File with the keys that seal what is said to Temporal; undefined: it is said in clear. */
  readonly payloadKeys: string | undefined;
  /** The page of Temporal may have sealed payloads opened. */
  readonly openPayloads: boolean;
  /** Worker processes of each role. */
  readonly workers: number;
  readonly demo: boolean;
}

const text = { type: 'string' } as const;
const known = {
  config: text,
  state: text,
  port: text,
  temporal: text,
  database: text,
  workers: text,
  'payload-keys': text,
  'open-payloads': { type: 'boolean' },
  demo: { type: 'boolean' },
} as const;

/** Reads the command line, then the environment. Throws CannotStart, exit code 2, naming the option. */
export function readOptions(argv: readonly string[], env: Environment): Options {
  const values = parse(argv);
  const demo = values.demo ?? false;
  if (values.config === undefined && !demo) {
    throw new CannotStart('--config is missing: the file that names your services, for example `hale up --config hale.yaml`.', 2);
  }
  return {
    config: values.config === undefined ? undefined : resolve(values.config),
    state: resolve(values.state ?? '.hale'),
    port: values.port === undefined ? undefined : wholeNumber('--port', values.port, 1, 65_532, 18_200),
    temporal: values.temporal ?? env.TEMPORAL_ADDRESS,
    database: values.database ?? env.HALE_DATABASE_URL,
    openPayloads: values['open-payloads'] ?? false,
    payloadKeys: pathOf(values['payload-keys'] ?? env.HALE_PAYLOAD_KEYS),
    workers: wholeNumber('--workers', values.workers ?? '1', 1, 64, 2),
    demo,
  };
}

const pathOf = (file: string | undefined): string | undefined => (file === undefined || file === '' ? undefined : resolve(file));

type Flag = 'demo' | 'open-payloads';

function parse(argv: readonly string[]): Partial<Record<Exclude<keyof typeof known, Flag>, string>> & Partial<Record<Flag, boolean>> {
  try {
    return parseArgs({ args: [...argv], options: known }).values;
  } catch (error) {
    throw new CannotStart(
      `${(error as Error).message} hale up knows ${Object.keys(known)
        .map((name) => `--${name}`)
        .join(', ')}.`,
      2,
    );
  }
}

function wholeNumber(name: string, value: string, min: number, max: number, example: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw new CannotStart(`${name} is ${value}; it must be a whole number from ${min} to ${max}, for example ${name} ${example}.`, 2);
}
