import { thisMachine } from '../../../adapters/configuration/surroundings.js';
import { authorizedKeysLine, remoteScript } from '../../../adapters/machines/script.js';
import { allowedOf } from '../../../adapters/machines/request.js';
import { checkConfiguration } from '../../../contracts/configuration/check.js';
import { problemText } from '../../../contracts/configuration/problem.js';
import { fillSlots } from '../../../domain/detection/slots.js';
import type { Action, Correction, Fleet, Instances, Service } from '../../../domain/service.js';
import { Failure } from '../exit-codes.js';
import type { Report } from '../report.js';
import { needsOf, type Need } from './needs.js';

export interface PermissionsOptions {
  readonly config: string;
  readonly service?: string;
  readonly script?: string;
}

/** One right, and the corrections that need it. */
interface Right {
  readonly where: string;
  readonly kind: Need['kind'];
  readonly line: string;
  readonly for: readonly string[];
}

/** permissions: what hale must be allowed for the corrections of a configuration, in the words of whoever grants it. Asks nobody. */
export async function permissions({ config, service, script }: PermissionsOptions): Promise<Report> {
  const checked = await checkConfiguration(config, thisMachine());
  if (checked.kind === 'refused') throw new Failure('usage', checked.errors.map(problemText), 'hale check says all that is wrong with it');
  const services = servicesNamed(checked.fleet, service);
  if (script !== undefined) return scriptFor(script, services);
  const rights = rightsOf(services);
  return { data: { permissions: rights }, text: textOf(rights), talk: observing(services) };
}

function servicesNamed({ services }: Pick<Fleet, 'services'>, name: string | undefined): readonly Service[] {
  const found = name === undefined ? services : services.filter((one) => one.name === name);
  if (found.length > 0) return found;
  throw new Failure('notFound', `there is no service ${name}`, `there are: ${services.map((one) => one.name).join(', ')}`);
}

/** A correction that only observes is never done, and needs nothing but to look. */
const mayAct = ({ overrides = [] }: Service, { mode }: Correction): boolean =>
  mode !== 'observe' || overrides.some((one) => one.mode !== 'observe');

function observing(services: readonly Service[]): string[] {
  const left = services.flatMap((one) => one.corrections.filter((correction) => !mayAct(one, correction))).length;
  return left === 0 ? [] : [`${left} corrections only observe: what they would need is not here`];
}

function rightsOf(services: readonly Service[]): Right[] {
  const rights = new Map<string, Right>();
  for (const [name, need] of services.flatMap(needed))
    for (const line of need.lines) {
      const key = JSON.stringify([need.where, need.kind, line]);
      const known = rights.get(key)?.for ?? [];
      rights.set(key, { where: need.where, kind: need.kind, line, for: [...new Set([...known, name])] });
    }
  return [...rights.values()].toSorted((one, other) => one.where.localeCompare(other.where));
}

const needed = (service: Service): (readonly [string, Need])[] =>
  actionsOf(service).flatMap(([name, action]) => needsOf(action).map((need) => [name, need] as const));

/** Every action of a service, for each of its instances; those that a source finds can't be listed here and are shown as INSTANCE. */
function actionsOf(service: Service): (readonly [string, Action])[] {
  const acting = service.corrections.filter((correction) => mayAct(service, correction));
  return acting.flatMap(({ name, action }) =>
    instancesOf(service.instances).flatMap((instance) => {
      const filled = fillSlots(action, { service: service.name, ...(instance === undefined ? {} : { instance }) });
      return filled.kind === 'filled' ? [[`${service.name}/${name}`, filled.value] as const] : [];
    }),
  );
}

const instancesOf = (instances: Instances | undefined): readonly (string | undefined)[] =>
  instances === undefined ? [undefined] : instances.kind === 'listed' ? instances.names : ['INSTANCE'];

/** The forced command of one machine, which allows the targets of this configuration and nothing else. */
function scriptFor(host: string, services: readonly Service[]): Report {
  const actions = services.flatMap(actionsOf).flatMap(([, action]) => ('machine' in action && action.machine ? [action] : []));
  const here = actions.filter(({ machine }) => machine?.host === host || machine?.host === 'INSTANCE');
  if (here.length === 0)
    throw new Failure(
      'notFound',
      `nothing is corrected on ${host}`,
      `there are: ${[...new Set(actions.map(({ machine }) => machine?.host))].join(', ') || 'none'}`,
    );
  const script = remoteScript([...new Set(here.map(allowedOf))]);
  return { data: { host, script, authorizedKeys: authorizedKeysLine('KEY') }, text: script.trimEnd() };
}

function textOf(rights: readonly Right[]): string {
  if (rights.length === 0) return 'nothing: no correction of this configuration may act';
  const places = [...new Set(rights.map(({ where }) => where))];
  return places
    .map((where) => {
      const lines = rights.filter((one) => one.where === where).map((one) => `  ${one.line}\n    for ${one.for.join(', ')}`);
      return [`at ${where}`, ...lines].join('\n');
    })
    .join('\n\n');
}
