import { z } from 'zod';
import type { Reach } from '../../domain/service.js';
import type { Context } from './context.js';
import { type Node, at, plain } from './tree.js';

const rangeError = 'a range of addresses of at most /8 (IPv6 /7), such as 10.0.0.0/8 or fd00::/8';
const leastBits = { v4: 8, v6: 7 };
const bitsOf = (range: string): number => Number(range.split('/')[1]);
const range = z.union([z.cidrv4().refine((one) => bitsOf(one) >= leastBits.v4), z.cidrv6().refine((one) => bitsOf(one) >= leastBits.v6)], {
  error: rangeError,
});

/** Under `policy`: where requests of corrections may go beside public addresses and those that the file itself names. */
export const httpPolicy = z.strictObject({
  allow: z.array(range).max(100).describe('Ranges that names and discovered instances may lead to, such as 10.0.0.0/8'),
});

/** Where the requests to these URLs of a service may go. A slot in the host counts only with the instances that the file lists itself. */
export function reachOf(urls: readonly string[], service: Node, { root }: Context): Reach {
  const listed = z.array(z.string()).safeParse(plain(at(service, 'instances'))).data ?? [];
  const hosts = urls.flatMap((url) => [url, ...listed.map((instance) => filled(url, instance))]).flatMap(localHost);
  const allow = httpPolicy.safeParse(plain(at(root, 'policy', 'http'))).data?.allow ?? [];
  return { named: [...new Set(hosts)].sort(), allow };
}

const filled = (url: string, instance: string): string =>
  url.replaceAll(/\$instance\b/g, instance).replaceAll(/\$host\b/g, instance.replace(/:\d+$/, ''));

/** The host where it is an address or a name of this machine; all other names mean whatever they lead to. */
function localHost(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
  return /^[\d.]+$/.test(host) || host.includes(':') || host === 'localhost' || host.endsWith('.localhost') ? [host] : [];
}
