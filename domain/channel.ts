import type { SecretReference } from './service.js';

/** A way to reach people, or machines that reach them. Secrets are references, read at use. */
export type Channel = { readonly name: ChannelName } & (
  | { readonly kind: 'slack'; readonly webhook: SecretReference }
  | { readonly kind: 'teams'; readonly webhook: SecretReference }
  | { readonly kind: 'pagerduty'; readonly url: string; readonly routingKey: SecretReference }
  | { readonly kind: 'email'; readonly server: MailServer; readonly to: readonly string[] }
  | { readonly kind: 'webhook'; readonly url: string; readonly secret: SecretReference }
  /** Shows cycles as regions on dashboards; calls nobody. */
  | { readonly kind: 'grafana'; readonly url: string; readonly token: SecretReference }
);

/** `payments/slack`: a team has one channel of each kind. The owner `*` stands for those without a channel of their own. */
export type ChannelName = `${string}/${ChannelKind}`;

export const channelKinds = ['slack', 'teams', 'pagerduty', 'email', 'webhook', 'grafana'] as const;

export type ChannelKind = (typeof channelKinds)[number];

export const EVERYBODY_ELSE = '*';

export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else STARTTLS where the server has it, and always where a password is sent. */
  readonly tls: boolean;
  readonly from: string;
  readonly user: string;
  readonly password?: SecretReference;
}

/** Who is called for what, and where the links in a message lead. */
export interface Paging {
  readonly teams: readonly Team[];
  /** For services without a team, and for teams without a channel. */
  readonly others: readonly Channel[];
  readonly links: Links;
}

export interface Team {
  readonly name: string;
  readonly channels: readonly Channel[];
}

export interface Links {
  /** hale's own page. */
  readonly page?: string;
  /** Temporal's page with the namespace, such as https://temporal.example/namespaces/default. */
  readonly temporal?: string;
}

export const noPaging: Paging = { teams: [], others: [], links: {} };

/** The channels of a team; those for everybody else where it has none. */
export function channelsOf(paging: Paging, team: string | undefined): readonly Channel[] {
  const own = paging.teams.find(({ name }) => name === team)?.channels ?? [];
  return own.length > 0 ? own : paging.others;
}

/** Where something concerns everybody: those for everybody else, and every team where there are none. */
export const channelsOfAll = ({ teams, others }: Paging): readonly Channel[] =>
  others.length > 0 ? others : teams.flatMap(({ channels }) => channels);

export function channelNamed(paging: Paging, name: string): Channel | undefined {
  const all = [...paging.teams.flatMap(({ channels }) => channels), ...paging.others];
  return all.find((channel) => channel.name === name);
}
