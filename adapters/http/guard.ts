import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { isMetadataAddress } from '../../domain/metadata-address.js';
import type { Reach } from '../../domain/service.js';

/** Finds all addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/** What the author of the configuration means where its file has such an address itself. */
const inside = ['loopback', 'private', 'uniqueLocal', 'carrierGradeNat'];

/**
 * A read changes nothing and tells hale no more than a number, so it may go wherever a service lives; not to where clouds keep
 * secrets, nor to addresses that no service has.
 */
export const forReading: Reach = {
  named: [],
  allow: ['127.0.0.0/8', '::1/128', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
};

/** The way to one URL: why there is none, else how its host is looked up. The address that was checked is the one connected to. */
export interface Way {
  readonly refusal?: string;
  readonly lookup: LookupFunction;
}

/** hale's own refusal, which says nothing about the service: as if the system did not let it connect. */
class NoWay extends Error {
  readonly code = 'EACCES';
}

/**
 * Keeps requests away from addresses that nobody meant: names that lead to them, instances that came from a discovery. A
 * name is looked up once, and every address that it leads to is checked.
 */
export function wayTo(url: string, reach: Reach | undefined, resolve: Resolve = bySystem): Way {
  const host = hostOf(url);
  const named = reach === undefined || reach.named.includes(host);
  const lookup: LookupFunction = (_, options, answer) => {
    const isNamed = named && isLocalName(host);
    resolve(host).then(
      (found) => {
        const may = found.filter(({ address }) => refusalOf(address, isNamed, reach) === undefined);
        const [first] = may;
        if (first === undefined) answer(new NoWay(noWay(host, found, isNamed, reach)), '', 0);
        else if (options.all === true) answer(null, [...may]);
        else answer(null, first.address, first.family);
      },
      (error: unknown) => answer(error instanceof Error ? error : new Error(String(error)), '', 0),
    );
  };
  const refusal = isIP(host) === 0 ? undefined : refusalOf(host, named, reach);
  return refusal === undefined ? { lookup } : { refusal: `${host} ${refusal}`, lookup };
}

/** As the URL parser reads it: `127.1`, `0x7f000001` and `0177.0.0.1` are 127.0.0.1. */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
}

const isLocalName = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost');

function refusalOf(text: string, named: boolean, reach: Reach | undefined): string | undefined {
  if (!ipaddr.isValid(text)) return 'is no address';
  const address = plain(ipaddr.parse(text));
  if (isMetadataAddress(address.toString())) return 'is where a cloud keeps secrets of its machines';
  const range = address.range();
  if (range === 'unicast' || (named && inside.includes(range)) || isWithin(address, reach?.allow ?? [])) return undefined;
  return `is ${wordOf(range)}: allowed only where the file names that very address, or policy: {http: {allow: [${address.toString()}/${address.kind() === 'ipv4' ? 32 : 128}]}}`;
}

type Address = ReturnType<typeof ipaddr.parse>;

/** An IPv4 address in the clothes of IPv6 (mapped, translated, and the old `::127.0.0.1`) is that address. */
function plain(address: Address): Address {
  if (address.kind() === 'ipv4') return address;
  const v6 = address as ipaddr.IPv6;
  const bytes = v6.toByteArray();
  const isCompatible = bytes.slice(0, 12).every((byte) => byte === 0) && bytes.slice(12, 15).some((byte) => byte !== 0);
  const carries = v6.isIPv4MappedAddress() || v6.range() === 'rfc6052' || isCompatible;
  return carries ? new ipaddr.IPv4(bytes.slice(12)) : v6;
}

const isWithin = (address: Address, ranges: readonly string[]): boolean =>
  ranges.some((range) => {
    const [network, bits] = ipaddr.parseCIDR(range);
    return network.kind() === address.kind() && address.match(network, bits);
  });

const wordOf = (range: string): string =>
  ({ loopback: 'this machine itself', private: 'a private address', uniqueLocal: 'a private address', linkLocal: 'a link-local address' })[
    range
  ] ?? `an address of kind ${range}`;

function noWay(host: string, found: readonly LookupAddress[], named: boolean, reach: Reach | undefined): string {
  const [first] = found;
  if (first === undefined) return `${host} has no address`;
  return `${host} leads to ${first.address}, which ${refusalOf(first.address, named, reach)}`;
}

const bySystem: Resolve = (host) =>
  new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)));
  });
