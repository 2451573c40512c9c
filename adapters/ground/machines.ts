import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

const LOOKUP_MS = 2_000;
const THIS_MACHINE = 'this machine';

/** Whether two names stand for one machine. What listens on one address of this machine counts as listening on all of them. */
export async function isSameMachine(one: string, other: string): Promise<boolean> {
  const [these, those] = await Promise.all([machinesOf(one), machinesOf(other)]);
  return these.some((machine) => those.includes(machine));
}

/** The same for a word that may be no name of a machine at all: it is not looked up. */
export async function isPlainlySameMachine(word: string, other: string): Promise<boolean> {
  const name = plainName(word);
  if (name === plainName(other)) return true;
  return (isPlainlyThis(name) || isIP(name) !== 0) && isSameMachine(name, other);
}

/** All the addresses of a name; a name that nobody knows, or not in time, stands for itself. */
async function machinesOf(host: string): Promise<string[]> {
  const name = plainName(host);
  if (isPlainlyThis(name)) return [THIS_MACHINE];
  const found = lookup(name, { all: true }).then((all) => all.map(({ address }) => address));
  const inTime = wait(LOOKUP_MS, [name], { ref: false });
  return (await Promise.race([found, inTime]).catch(() => [name])).map(machineOf);
}

const isPlainlyThis = (name: string): boolean =>
  name === 'localhost' || name.endsWith('.localhost') || name === plainName(hostname()) || isOfThisMachine(addressOf(name));

/** `127.1` and `0x7f000001` are addresses as well. */
const addressOf = (name: string): string =>
  /^[\dx.a-f]+$/.test(name) && URL.canParse(`http://${name}`) ? new URL(`http://${name}`).hostname : name;

const plainName = (host: string): string =>
  host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.+$/, '')
    .toLowerCase();

const machineOf = (address: string): string => (isOfThisMachine(address) ? THIS_MACHINE : address);

function isOfThisMachine(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && ofThisMachine().check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Whatever of 127.0.0.0/8 is asked, what stands for "every address", and the addresses of its network cards. */
function ofThisMachine(): BlockList {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addAddress('0.0.0.0', 'ipv4');
  list.addAddress('::1', 'ipv6');
  list.addAddress('::', 'ipv6');
  for (const { address, family } of Object.values(networkInterfaces()).flatMap((cards = []) => cards))
    list.addAddress(address, family === 'IPv6' ? 'ipv6' : 'ipv4');
  return list;
}
