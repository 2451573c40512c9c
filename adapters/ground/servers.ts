import { isPlainlySameMachine, isSameMachine } from './machines.js';

interface Address {
  readonly host: string;
  readonly port: string;
}

/** Which of these servers (`host:port`) a URL leads to. */
export const serverAtUrl = (servers: Servers, url: string): Promise<string | undefined> =>
  nameOf(servers, (own) => isAmong(own, addressesOfUrls([url])));

/** Which of these servers is on a machine, or a container, of this address: whatever its port. */
export const serverOn = (servers: Servers, address: string): Promise<string | undefined> =>
  nameOf(servers, ({ host }) => isSameMachine(address, host));

/** Which of these servers the words of a command name: in one word, or host and port each in a word of its own. */
export function serverOfWords(servers: Servers, words: readonly string[]): Promise<string | undefined> {
  const parts = words.flatMap(partsOf);
  const whole = [...addressesOfUrls(words.flatMap(urlsIn)), ...parts.flatMap(pairsIn)];
  return nameOf(servers, async (own) => (await isAmong(own, whole)) || (await isAmongApart(own, words, parts)));
}

export type Servers = Readonly<Record<string, string | undefined>>;

async function nameOf(servers: Servers, isThere: (own: Address) => Promise<boolean>): Promise<string | undefined> {
  for (const [name, address] of Object.entries(servers)) if (address !== undefined && (await isThere(addressOf(address)))) return name;
  return undefined;
}

function addressOf(address: string): Address {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at), port: address.slice(at + 1) };
}

/** The same port first, so that hardly a name has to be looked up. */
async function isAmong({ host, port }: Address, addresses: readonly Address[]): Promise<boolean> {
  const hosts = addresses.filter((one) => one.port === port).map((one) => one.host);
  return (await Promise.all(hosts.map((one) => isSameMachine(one, host)))).includes(true);
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'postgres:': '5432', 'postgresql:': '5432' };

const addressesOfUrls = (urls: readonly string[]): Address[] =>
  urls
    .filter((url) => URL.canParse(url))
    .map((url) => new URL(url))
    .map(({ hostname, port, protocol }) => ({ host: hostname, port: port || (DEFAULT_PORTS[protocol] ?? '80') }));

const urlsIn = (word: string): string[] => word.match(/[a-z][a-z0-9+.-]*:\/\/[^\s'"]+/gi) ?? [];

/** `--host=localhost`, `-p5432`, `host=a port=5432`, `user@host:5432`, `/dev/tcp/host/5432` taken to pieces. */
const partsOf = (word: string): string[] =>
  word
    .split(/[\s=,;@/?&|'"`(){}<>]+/)
    .flatMap((part) => (/^-[A-Za-z]./.test(part) ? [part, part.slice(2)] : [part]))
    .filter((part) => part !== '');

/** `host:port`, also after something else and a colon. */
const pairsIn = (part: string): Address[] =>
  [...part.matchAll(/(\[[^\]]+\]|[^:[\]]+):(\d{1,5})(?![\d.])/g)].map(([, host = '', port = '']) => ({ host, port: plainPort(port) }));

const plainPort = (port: string): string => String(Number(port.replace(':', '')));

/**
 * The port is said, and the host in another word: by an option, or as what needs no look-up to be it. A client that is told a port
 * and no host goes to its own machine; one whose host is a folder, to a socket in it.
 */
async function isAmongApart({ host, port }: Address, words: readonly string[], parts: readonly string[]): Promise<boolean> {
  const [numbers, names] = [parts.filter(isNumber), parts.filter((part) => !isNumber(part))];
  if (!numbers.map(plainPort).includes(port)) return false;
  const told = optionsOf(words, /^(-h|-H|--host|--hostname|host|hostaddr|PGHOST)$/).map((one) => (one.startsWith('/') ? 'localhost' : one));
  const ports = [...optionsOf(words, /^(-p|-P|--port|port|PGPORT)$/), ...words.filter((word) => word.startsWith(':'))].map(plainPort);
  const hosts = told.length === 0 && ports.includes(port) ? ['localhost'] : told;
  const same = [...hosts.map((one) => isSameMachine(one, host)), ...names.map((one) => isPlainlySameMachine(one, host))];
  return (await Promise.all(same)).includes(true);
}

const isNumber = (part: string): boolean => /^:?\d{1,5}$/.test(part);

/** What an option was given: `-p 1`, `-p1`, `--port 1`, `--port=1`, `port=1` among others in one word. */
function optionsOf(words: readonly string[], names: RegExp): string[] {
  const apart = words.flatMap((word) => word.split(/[\s?&]+/));
  return apart.flatMap((word, index) => {
    if (word.startsWith('-') && names.test(word)) return [apart[index + 1] ?? ''];
    const [, name = '', given = ''] = /^([\w-]+)=(.*)$/.exec(word) ?? /^(-[A-Za-z])(.+)$/.exec(word) ?? [];
    return names.test(name) ? [given] : [];
  });
}
