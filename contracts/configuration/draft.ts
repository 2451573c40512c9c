import { stringify } from 'yaml';

/** A configuration to be written for people to go on with: every part with a comment that says where it comes from. */
export interface Draft {
  /** Lines of comment at the top. */
  readonly head: readonly string[];
  readonly secrets?: Readonly<Record<string, unknown>>;
  readonly sources?: Readonly<Record<string, unknown>>;
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly teams?: readonly string[];
  readonly services: readonly DraftService[];
  /** Lines of comment at the end. */
  readonly tail?: readonly string[];
}

export interface DraftService {
  readonly name: string;
  readonly comments?: readonly string[];
  /** Keys beside signals and objectives, such as team and dependsOn. */
  readonly keys?: Readonly<Record<string, unknown>>;
  readonly signals: readonly DraftPart[];
  readonly objectives: readonly DraftPart[];
  /** Lines of comment after them: what could be added. */
  readonly examples?: readonly string[];
}

export interface DraftPart {
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly comment?: string | undefined;
}

/** The draft as a file of the configuration language. */
export function draftText({ head, secrets, sources, policy, teams = [], services, tail = [] }: Draft): string {
  const lines = [
    ...head.map(comment),
    'apiVersion: hale/v1',
    ...section('secrets', secrets),
    ...section('sources', sources),
    ...section('policy', policy),
    ...section('teams', Object.fromEntries(teams.map((team) => [team, {}]))),
    ...(services.length === 0 ? [] : ['services:']),
    ...services.flatMap(serviceLines),
    ...tail.map(comment),
  ];
  return `${lines.join('\n')}\n`;
}

/** Text from elsewhere must not leave its comment. */
const comment = (line: string): string => `# ${line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')}`.trimEnd();

const section = (name: string, entries: Readonly<Record<string, unknown>> = {}): string[] =>
  Object.keys(entries).length === 0 ? [] : [`${name}:`, ...Object.entries(entries).map(([key, value]) => `  ${entry(key, value)}`)];

/** A value on one line, quoted where it must be. */
const flow = (value: unknown): string =>
  stringify(value, {
    collectionStyle: 'flow',
    lineWidth: 0,
    flowCollectionPadding: false,
    defaultStringType: 'PLAIN',
    defaultKeyType: 'PLAIN',
    singleQuote: true,
  })
    .trimEnd()
    .replaceAll('\n', ' ');

const entry = (key: string, value: unknown): string => `${flow(key)}: ${flow(value)}`;

function serviceLines({ name, comments = [], keys = {}, signals, objectives, examples = [] }: DraftService): string[] {
  const body = [
    ...comments.map((line) => `    ${comment(line)}`),
    ...Object.entries(keys).map(([key, value]) => `    ${entry(key, value)}`),
    ...parts('signals', signals),
    ...parts('objectives', objectives),
    ...examples.map((line) => `    ${comment(line)}`),
  ];
  const isEmpty = Object.keys(keys).length + signals.length + objectives.length === 0;
  return [`  ${flow(name)}:${isEmpty ? ' {}' : ''}`, ...body];
}

const parts = (name: string, list: readonly DraftPart[]): string[] =>
  list.length === 0
    ? []
    : [
        `    ${name}:`,
        ...list.flatMap((part) => [
          ...(part.comment === undefined ? [] : [`      ${comment(part.comment)}`]),
          `      ${entry(part.name, part.value)}`,
        ]),
      ];

/** Names that were taken before get a number, so that none is lost. */
export class Names {
  readonly #taken = new Set<string>();

  /** A name of the configuration language as near as can be to this text, not given out before. */
  fresh(text: string): string {
    const plain = nameFrom(text);
    let name = plain;
    for (let number = 2; this.#taken.has(name); number += 1) name = `${plain.slice(0, 58)}-${number}`;
    this.#taken.add(name);
    return name;
  }
}

/** A legal name made of this text; the same for the same text. */
export const nameFrom = (text: string): string =>
  text
    .replaceAll(/[^a-zA-Z0-9._:-]+/g, '-')
    .replaceAll(/^[^a-zA-Z0-9]+|-+$/g, '')
    .slice(0, 63) || 'unnamed';
