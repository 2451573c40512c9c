import type { Machine } from '../../domain/machine.js';
import { type Context, secretNamed } from './context.js';
import { type Where } from './corrections/kind.js';
import { unknown } from './problem.js';
import { type Node, at, plain, textOf } from './tree.js';

const atOnceDefault = 4;

/** Where a correction of a machine is done: `machine` is absent for this one. Reported and undefined when it can't be told. */
export function placeOf({ node, service, context }: Where): { readonly target: Node | undefined; readonly machine?: Machine } | undefined {
  const target = at(node, 'target') ?? at(service, 'target');
  checkOn(node, target, context);
  const [source, host] = [at(target, 'source'), at(target, 'host')];
  if (source === undefined && host === undefined) return { target };
  const machines = context.file.sources ?? {};
  const known = Object.keys(machines).filter((one) => machines[one]?.ssh !== undefined);
  const refuse = (place: Node | undefined, sentence: string): undefined => {
    context.problems.error(place?.place, sentence);
    return undefined;
  };
  if (source === undefined)
    return refuse(host, `says no way to the machine; allowed: source: one of ${known.join(', ') || 'sources with ssh'} beside host`);
  const name = textOf(source) ?? '';
  const ssh = Object.hasOwn(machines, name) ? machines[name]?.ssh : undefined;
  if (ssh === undefined) return refuse(source, unknown('ssh source', name, known));
  if (host === undefined) return refuse(target, 'is missing its host; allowed: host: $host, or a name such as web-1.internal');
  const key = secretNamed(at(context.root, 'sources', name, 'ssh', 'key'), context);
  if (key === undefined) return undefined;
  const { user, knownHosts, port = 22, atOnce = atOnceDefault } = ssh;
  return { target, machine: { host: textOf(host) ?? '', port, user, key, knownHosts, atOnce } };
}

/** What `on` says must be what the target's slots say: a correction of an instance names it, one of the service names none. */
function checkOn(node: Node, target: Node | undefined, { problems }: Context): void {
  const on = at(node, 'on');
  if (on === undefined) return;
  const slots = JSON.stringify([plain(target), plain(at(node, 'under'))]).match(/\$(host|instance)\b/g) ?? [];
  if (textOf(on) === 'instance' && slots.length === 0)
    problems.error(on.place, 'is instance, but the target is the same for all; allowed: host: $host in its target');
  if (textOf(on) === 'service' && slots.length > 0)
    problems.error(on.place, `is service, but the target has ${slots[0]}; allowed: instance, or leave it out`);
}
