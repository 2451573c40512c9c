import { placeOf } from '../machines.js';
import { choice } from '../scalars.js';
import { target } from '../signal-file.js';
import { at, textOf } from '../tree.js';
import { correctionKind, on, onlyIf } from './kind.js';

export const runit = correctionKind({
  main: 'runit',
  keys: {
    runit: choice('restart', 'start').optional().describe('What is done to the service of the target'),
    target: target.optional(),
    onlyIf,
    on,
  },
  undo: () => 'nothingToRestore',
  action: ({ runit: command }, where) => {
    const place = placeOf(where);
    if (place === undefined || command === undefined) return undefined;
    const service = textOf(at(place.target, 'service'));
    if (service === undefined) {
      const example = 'target: {service: /etc/service/shop}, here or at the service';
      where.context.problems.error(where.node.place, `names no service; allowed: ${example} (an empty selector selects nothing)`);
      return undefined;
    }
    return { kind: 'runit', command, service, ...(place.machine && { machine: place.machine }) };
  },
});
