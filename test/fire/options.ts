import { parseArgs } from 'node:util';

export interface Options {
  readonly kills: number;
  /** Kills of the whole process tree at once, after the others. */
  readonly treeKills: number;
  readonly seed: number;
  readonly services: number;
  /** Services kept in trouble at any time. */
  readonly open: number;
  readonly json: boolean;
  readonly out: string | undefined;
}

const text = { type: 'string' } as const;

/** Throws with a sentence on a value that is not allowed. */
export function optionsOf(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      kills: { ...text, default: '40' },
      'tree-kills': text,
      seed: { ...text, default: '1' },
      services: { ...text, default: '20' },
      open: { ...text, default: '10' },
      json: { type: 'boolean', default: false },
      out: text,
    },
  });
  const kills = whole('--kills', values.kills);
  return {
    kills,
    treeKills: values['tree-kills'] === undefined ? Math.floor(kills / 10) : whole('--tree-kills', values['tree-kills']),
    seed: whole('--seed', values.seed),
    services: whole('--services', values.services),
    open: whole('--open', values.open),
    json: values.json,
    out: values.out,
  };
}

function whole(name: string, value: string): number {
  const number = Number(value);
  if (value !== '' && Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`${name}: got ${value}, allowed: a whole number from 0; for example ${name} 40`);
}
