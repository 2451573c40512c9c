import { placeOf } from '../machines.js';
import { choice } from '../scalars.js';
import { target } from '../signal-file.js';
import { at, textOf } from '../tree.js';
import { correctionKind, on, onlyIf, through } from './kind.js';

export const systemd = correctionKind({
  main: 'systemd',
  keys: {
    systemd: choice('restart', 'start', 'resetFailed').optional().describe('What is done to the unit of the target'),
    target: target.optional(),
    onlyIf,
    on,
    through,
  },
  // A stop alone may take a minute and a half before systemd ends it.
  defaults: () => ({ timeout: '2m' }),
  undo: () => 'nothingToRestore',
  action: ({ systemd: command }, where) => {
    const place = placeOf(where);
    if (place === undefined || command === undefined) return undefined;
    const unit = textOf(at(place.target, 'unit'));
    if (unit === undefined) {
      const example = 'target: {unit: edge-agent.service}, here or at the service';
      where.context.problems.error(where.node.place, `names no unit; allowed: ${example} (an empty selector selects nothing)`);
      return undefined;
    }
    return { kind: 'systemd', command, unit, ...(place.machine && { machine: place.machine }) };
  },
});
