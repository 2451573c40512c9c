import { z } from 'zod';
import { formatDuration } from '../../../domain/duration.js';
import type { AlertmanagerSource } from '../../../domain/service.js';
import { alertmanagersOf, silenceMsMax } from '../alertmanagers.js';
import type { Context } from '../context.js';
import { unknown } from '../problem.js';
import { choice, duration, name, text } from '../scalars.js';
import { type Node, at, textOf } from '../tree.js';
import { correctionKind, onlyIf } from './kind.js';

const least = 60_000;

export const alertmanager = correctionKind({
  main: 'alertmanager',
  keys: {
    alertmanager: choice('silence').optional().describe('Silences the alerts of the service for a while in which people work'),
    for: duration('1s', '1h').optional().describe('Waits; beside alertmanager, how long the silence lasts'),
    labels: z.record(text, text).optional().describe('Further labels that the alerts have, exactly'),
    source: name.optional().describe('Which of `sources` it is about'),
    onlyIf,
  },
  // A silence hides what is wrong, so that nobody gets one by a mode that was meant for corrections.
  modeAtMost: 'ask',
  undo: () => 'restores',
  action: ({ for: forMs, labels = {} }, { node, context }) => {
    const source = alertmanagerNamed(node, context);
    const most = silenceMsMax(context);
    const length = forMs ?? most;
    if (length < least || length > most)
      context.problems.error(
        at(node, 'for')?.place,
        `is ${formatDuration(length)}; allowed: from 1m to ${formatDuration(most)}, as long as policy.silence.for lets a silence last`,
      );
    if (source === undefined) return undefined;
    return { kind: 'alertmanager', source, labels: { ...labels, [source.serviceLabel ?? 'service']: '$service' }, forMs: length };
  },
});

/** The one that is named, else the one of `policy.silence`. */
function alertmanagerNamed(node: Node, context: Context): AlertmanagerSource | undefined {
  const all = alertmanagersOf(context);
  const named = textOf(at(node, 'source')) ?? textOf(at(context.root, 'policy', 'silence', 'source'));
  const source = all.find((one) => one.name === named);
  if (source !== undefined) return source;
  const example = 'source: am, with sources: {am: {alertmanager: URL}}';
  const known = all.map((one) => one.name);
  context.problems.error(
    (at(node, 'source') ?? node).place,
    named === undefined ? `names no Alertmanager; allowed: ${example}` : unknown('Alertmanager among sources', named, known),
  );
  return undefined;
}
