import { z } from 'zod';
import { name, text, url } from './scalars.js';

/** The channels by which people are called, as they stand in the file. */

const addressError = 'an e-mail address, such as oncall@example.com';
const address = z.string({ error: addressError }).regex(/^[^\s@<>,;:"\\]{1,64}@[^\s@<>,;:"\\]{1,255}$/, { error: addressError });
const addresses = z.array(address).min(1, { error: 'at least one address: an empty list reaches nobody' }).max(50);

const smtpError =
  'smtp://HOST:PORT (STARTTLS where the server has it) or smtps://HOST:PORT, without user and password, such as smtp://mail.internal:587';
const smtp = z.string({ error: smtpError }).regex(/^smtps?:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?\/?$/, { error: smtpError });

/** Where a channel's server is; further keys of an entry of `sources`. */
export const channelSources = {
  smtp: smtp.optional().describe('Mail server'),
  from: address.optional().describe('Sender of mails'),
  user: text.optional().describe('Account at the mail server; default: as `from`'),
  password: text.optional().describe('Name of an entry of `secrets`'),
  pagerduty: url.optional().describe('Events API, where it is not https://events.pagerduty.com'),
  grafana: url.optional(),
};

const secretName = text.describe('Name of an entry of `secrets`');

/** One channel of each kind. */
export const pageFile = z.strictObject({
  slack: secretName.optional().describe('The secret is the URL of an incoming webhook'),
  teams: secretName.optional().describe('The secret is the URL of a Workflows webhook'),
  pagerduty: z
    .union([secretName, z.strictObject({ source: name, key: secretName })], { error: 'a name of secrets, or {source: NAME, key: NAME}' })
    .optional()
    .describe('The secret is the routing key of an Events v2 integration'),
  email: z
    .union([addresses, z.strictObject({ source: name, to: addresses })], { error: 'a list of addresses, or {source: NAME, to: [...]}' })
    .optional(),
  webhook: z.strictObject({ url, secret: secretName }).optional().describe('Signed with the secret'),
  grafana: z.strictObject({ source: name }).optional().describe('A region for each cycle on the dashboards'),
});

export const linksFile = z.strictObject({
  page: url.optional().describe("hale's own page"),
  temporal: url.optional().describe("Temporal's page with the namespace, such as https://temporal.example/namespaces/default"),
});

export type PageFile = z.output<typeof pageFile>;
