import type { AlertmanagerSource } from '../../domain/service.js';
import { type Context, secretNamed } from './context.js';
import { parseDuration } from './scalars.js';
import { at, textOf } from './tree.js';

export const silenceMsDefault = 300_000;

/** How long any silence of hale's may last. */
export const silenceMsMax = ({ root }: Context): number =>
  parseDuration(textOf(at(root, 'policy', 'silence', 'for')) ?? '') ?? silenceMsDefault;

/** Every source that is an Alertmanager. */
export function alertmanagersOf(context: Context): AlertmanagerSource[] {
  return Object.entries(context.file.sources ?? {}).flatMap(([name, { alertmanager, serviceLabel }]) => {
    if (alertmanager === undefined) {
      if (serviceLabel !== undefined)
        context.problems.error(
          at(context.root, 'sources', name, 'serviceLabel')?.place,
          'belongs to an Alertmanager; for example {alertmanager: URL, serviceLabel: job}',
        );
      return [];
    }
    const token = secretNamed(at(context.root, 'sources', name, 'token'), context);
    return [{ name, url: alertmanager.replace(/\/+$/, ''), ...(token && { token }), ...(serviceLabel && { serviceLabel }) }];
  });
}
