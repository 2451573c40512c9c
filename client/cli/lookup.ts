import type { IncidentRecord } from '../../adapters/postgres/read.js';
import type { Service } from '../../domain/service.js';
import { cycleOrder } from '../../contracts/schemas.js';
import { Failure } from './exit-codes.js';
import type { Hale } from './hale.js';
import { plain } from './text.js';

/** The incident of this id. Throws `Failure` (not found). */
export async function incidentOf(hale: Hale, id: string): Promise<IncidentRecord> {
  const [incident] = await (await hale.records()).incidents({ id, limit: 1 });
  if (incident !== undefined) return incident;
  throw new Failure('notFound', `there is no incident ${id}`, 'the list: hale incidents');
}

/** The same for a command that takes `--instance`: who writes SERVICE/INSTANCE, as it is printed everywhere, is told. */
export async function knownPlace(hale: Hale, name: string): Promise<Service> {
  const [service = '', instance] = name.split(/\/(.*)/s);
  if (instance === undefined) return knownService(hale, name);
  await knownService(hale, service);
  throw new Failure('notFound', `there is no service ${name}`, `an instance is named apart: ${service} --instance ${instance}`);
}

/**
 * The same for one instance of it, where one is named. Those that are discovered nobody knows before they are measured: of
 * them only the shape is looked at.
 */
export async function knownMember(hale: Hale, name: string, instance: string | undefined): Promise<Service> {
  const service = await knownPlace(hale, name);
  if (instance === undefined) return service;
  const { instances } = service;
  if (instances === undefined)
    throw new Failure('notFound', `${name} has no instances, and so no ${plain(instance)}`, `without --instance it is ${name} as a whole`);
  if (instances.kind === 'listed' && !instances.names.includes(instance))
    throw new Failure('notFound', `${name} has no instance ${plain(instance)}`, `there are: ${instances.names.join(', ')}`);
  if (!cycleOrder.shape.instance.safeParse(instance).success)
    throw new Failure(
      'usage',
      `--instance is ${JSON.stringify(instance)}: at most 63 letters, digits, dots, dashes, colons and underscores are allowed`,
    );
  return service;
}

/** The service as configured now. Throws `Failure` (not found) naming those there are. */
export async function knownService(hale: Hale, name: string): Promise<Service> {
  const fleet = await (await hale.records()).fleet();
  const service = fleet?.services.find((one) => one.name === name);
  if (service !== undefined) return service;
  const names = fleet?.services.map((one) => one.name).join(', ') ?? '';
  throw new Failure('notFound', `there is no service ${name}`, names === '' ? 'no configuration was loaded yet' : `there are: ${names}`);
}
