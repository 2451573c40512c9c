import { thisMachine } from '../../../adapters/configuration/surroundings.js';
import { allowedOf } from '../../../adapters/machines/request.js';
import { remoteScript } from '../../../adapters/machines/script.js';
import { checkConfiguration } from '../../../contracts/configuration/check.js';
import { problemText } from '../../../contracts/configuration/problem.js';
import type { Fleet, Service } from '../../../domain/service.js';
import { Failure } from '../exit-codes.js';
import type { Report } from '../report.js';
import { actionsOn, actsOf, mayAct, rightsOf, type Right } from './rights.js';

export interface PermissionsOptions {
  readonly config: string;
  readonly service?: string;
  readonly script?: string;
}

/** permissions: what hale must be allowed for the corrections of a configuration, in the words of whoever grants it. Asks nobody. */
export async function permissions({ config, service, script }: PermissionsOptions): Promise<Report> {
  const services = servicesNamed(await configuredIn(config), service);
  if (script !== undefined) return scriptFor(script, services);
  const rights = rightsOf(services.flatMap((one) => actsOf(one)));
  return { data: { permissions: rights }, text: textOf(rights), talk: observing(services) };
}

/** The services of a configuration file. Throws `Failure` where it is refused. */
export async function configuredIn(config: string): Promise<Pick<Fleet, 'services'>> {
  const checked = await checkConfiguration(config, thisMachine());
  if (checked.kind === 'valid') return checked.fleet;
  throw new Failure('usage', checked.errors.map(problemText), 'hale check says all that is wrong with it');
}

function servicesNamed({ services }: Pick<Fleet, 'services'>, name: string | undefined): readonly Service[] {
  const found = name === undefined ? services : services.filter((one) => one.name === name);
  if (found.length > 0) return found;
  throw new Failure('notFound', `there is no service ${name}`, `there are: ${services.map((one) => one.name).join(', ')}`);
}

function observing(services: readonly Service[]): string[] {
  const left = services.flatMap((one) => one.corrections.filter((correction) => !mayAct(one, correction))).length;
  return left === 0 ? [] : [`${left} corrections only observe: what they would need is not here`];
}

/** The forced command of one machine, which allows the targets of this configuration and nothing else. */
function scriptFor(host: string, services: readonly Service[]): Report {
  const actions = services.flatMap((one) => actsOf(one)).flatMap(({ action }) => ('machine' in action && action.machine ? [action] : []));
  const allowed = [...new Set(actionsOn(host, actions).map(allowedOf))];
  if (allowed.length === 0)
    throw new Failure(
      'notFound',
      `nothing is corrected on ${host}`,
      `there are: ${[...new Set(actions.map(({ machine }) => machine?.host))].join(', ') || 'none'}`,
    );
  const script = remoteScript(allowed);
  return { data: { host, script }, text: script.trimEnd() };
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
