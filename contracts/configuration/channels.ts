import {
  type Channel,
  type ChannelKind,
  type ChannelName,
  type MailServer,
  type Paging,
  channelsOf as teamChannels,
  EVERYBODY_ELSE,
} from '../../domain/channel.js';
import type { SecretReference } from '../../domain/service.js';
import { type PageFile, linksFile, pageFile } from './channel-file.js';
import { type Context, secretNamed, sourceWith } from './context.js';
import { type Node, at, emptyMap, keysOf, merge, plain, textOf } from './tree.js';

/** Who is called by which channel, and where the links in messages lead. */
export function resolvePaging(context: Context): Paging {
  const teams = at(context.root, 'teams');
  const paging: Paging = {
    teams: keysOf(teams).map((name) => ({ name, channels: channelsOf(name, at(teams, name, 'page'), context) })),
    others: channelsOf(EVERYBODY_ELSE, at(context.root, 'policy', 'page'), context),
    links: linksOf(at(context.root, 'links')),
  };
  warnOfUnheard(paging, context);
  return paging;
}

/** A service with the channels that are called for it, each with its place. */
export function withPage(service: Node, team: string | undefined, { root }: Context): Node {
  const own = team === undefined ? undefined : at(root, 'teams', team, 'page');
  const page = keysOf(own).length > 0 ? own : at(root, 'policy', 'page');
  return page === undefined ? service : merge(service, { kind: 'map', entries: new Map([['page', { node: page }]]), place: service.place });
}

/** Where somebody is called at all, a service about which nobody is called is more likely forgotten than meant. */
function warnOfUnheard(paging: Paging, { root, problems }: Context): void {
  if (paging.others.length > 0 || paging.teams.every(({ channels }) => channels.length === 0)) return;
  for (const name of keysOf(at(root, 'services'))) {
    const service = at(root, 'services', name);
    const team = textOf(at(service, 'team') ?? at(root, 'classes', textOf(at(service, 'class')) ?? '', 'team'));
    if (teamChannels(paging, team).every(({ kind }) => kind === 'grafana'))
      problems.warn(service?.place, 'calls nobody: give it a team with a page, or page: {...} to the policy');
  }
}

function linksOf(node: Node | undefined): Paging['links'] {
  const { page, temporal } = linksFile.parse(plain(node) ?? {});
  return { ...(page !== undefined && { page: bare(page) }), ...(temporal !== undefined && { temporal: bare(temporal) }) };
}

const bare = (url: string): string => url.replace(/\/+$/, '');

function channelsOf(owner: string, node: Node | undefined, context: Context): Channel[] {
  if (node === undefined) return [];
  const file = pageFile.parse(plain(node));
  return (keysOf(node) as ChannelKind[]).flatMap((kind) => {
    const channel = resolve[kind](at(node, kind) ?? emptyMap, file, context);
    return channel === undefined ? [] : [{ ...channel, name: `${owner}/${kind}` as ChannelName }];
  });
}

type Nameless<C> = C extends Channel ? Omit<C, 'name'> : never;
type Resolve = (node: Node, file: PageFile, context: Context) => Nameless<Channel> | undefined;

const resolve: { readonly [K in ChannelKind]: Resolve } = {
  slack: (node, _, context) => bySecret(node, context, (webhook) => ({ kind: 'slack', webhook })),
  teams: (node, _, context) => bySecret(node, context, (webhook) => ({ kind: 'teams', webhook })),
  pagerduty: (node, _, context) => {
    const source = at(node, 'source');
    const url = source === undefined ? PAGERDUTY : sourceWith('pagerduty', source, context)?.url;
    const key = bySecret(node.kind === 'scalar' ? node : at(node, 'key'), context, (routingKey) => routingKey);
    return url === undefined || key === undefined ? undefined : { kind: 'pagerduty', url, routingKey: key };
  },
  email: (node, { email }, context) => {
    const server = mailServer(node, context);
    const to = Array.isArray(email) ? email : email?.to;
    return server === undefined || to === undefined ? undefined : { kind: 'email', server, to };
  },
  webhook: (node, { webhook }, context) =>
    bySecret(at(node, 'secret'), context, (secret) => ({ kind: 'webhook', url: webhook?.url ?? '', secret })),
  grafana: (node, _, context) => {
    const source = at(node, 'source');
    const found = source && sourceWith('grafana', source, context);
    if (found === undefined) return undefined;
    const token = at(found.node, 'token');
    if (token !== undefined) return bySecret(token, context, (reference) => ({ kind: 'grafana', url: found.url, token: reference }));
    context.problems.error(
      found.node.place,
      'is missing its token; allowed: token: NAME of an entry of secrets, a service account that may write annotations',
    );
    return undefined;
  },
};

const PAGERDUTY = 'https://events.pagerduty.com';

function bySecret<T>(node: Node | undefined, context: Context, use: (reference: SecretReference) => T): T | undefined {
  const reference = secretNamed(node, context);
  return reference && use(reference);
}

/** The mail server that is named, or the only one there is. */
function mailServer(node: Node, context: Context): MailServer | undefined {
  const sources = at(context.root, 'sources');
  const servers = keysOf(sources).filter((name) => at(sources, name, 'smtp') !== undefined);
  const named = at(node, 'source');
  if (named === undefined && servers.length !== 1) {
    const known =
      servers.length === 0
        ? 'none yet, such as sources: {mail: {smtp: smtp://mail.internal:587, from: hale@example.com}}'
        : servers.join(', ');
    context.problems.error(
      node.place,
      `does not say by which mail server; allowed: {source: NAME, to: [...]} with one of sources that has smtp: ${known}`,
    );
    return undefined;
  }
  const found = sourceWith('smtp', named ?? { kind: 'scalar', value: servers[0] ?? '' }, context);
  if (found === undefined) return undefined;
  const from = textOf(at(found.node, 'from'));
  if (from === undefined) {
    context.problems.error(found.node.place, 'is missing its sender; allowed: from: an e-mail address, such as hale@example.com');
    return undefined;
  }
  const { protocol, hostname, port } = new URL(found.url);
  const tls = protocol === 'smtps:';
  const password = secretNamed(at(found.node, 'password'), context);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (tls ? 465 : 587) : Number(port),
    tls,
    from,
    user: textOf(at(found.node, 'user')) ?? from,
    ...(password && { password }),
  };
}
