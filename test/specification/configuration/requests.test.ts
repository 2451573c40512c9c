import { expect, test } from 'vitest';
import { check, complaints } from '../../support/configuration.js';
import { problemText } from '../../../contracts/configuration/problem.js';

const yaml = (more: string, head = ''): string => `apiVersion: hale/v1
${head}
secrets: {token: {env: NOT_SET_HERE}}
services:
  shop: {signals: {up: {http: 'http://127.1:80/', every: 1s}}, objectives: {up: {above: 0, for: 0s}}, corrections: {}}
  other: {objectives: {}, ${more}}
`;

async function other(more: string, head?: string) {
  const checked = await check({ 'hale.yaml': yaml(more, head) });
  if (checked.kind === 'refused') throw new Error(checked.errors.map(problemText).join('\n'));
  return checked.fleet.services.find(({ name }) => name === 'other');
}

test('addresses that stand in the file are named: in a URL, and in a list of instances', async () => {
  const correction = `corrections: {call: {http: 'http://10.0.0.1/on', undo: {http: 'http://[::1]:80/off'}, verify: 'http://localhost/is'}}`;
  expect((await other(correction))?.corrections).toMatchObject([
    { action: { reach: { named: ['10.0.0.1', '::1', 'localhost'], allow: [] } } },
  ]);
  const perInstance = `corrections: {call: {http: 'http://$instance/on'}}`;
  const listed = `instances: ['10.0.0.1:80', 'web-1', '0x7f.1']`;
  expect((await other(`${perInstance}, ${listed}`))?.corrections).toMatchObject([
    { action: { reach: { named: ['10.0.0.1', '127.0.0.1'] } } },
  ]);
  const prometheus = `sources: {p: {prometheus: 'http://p:9090'}}`;
  const discovered = `instances: {source: p, query: up, by: instance}`;
  expect((await other(`${perInstance}, ${discovered}`, prometheus))?.corrections).toMatchObject([{ action: { reach: { named: [] } } }]);
});

test('an address is named by a URL that has slots behind it', async () => {
  const correction = `corrections: {call: {http: 'http://10.0.0.1:80/on/$service'}}`;
  expect((await other(correction))?.corrections).toMatchObject([{ action: { reach: { named: ['10.0.0.1'] } } }]);
});

test('ranges of the policy reach every request, and one that is everything is refused', async () => {
  const call = `corrections: {call: {http: 'http://shop.internal/on'}}`;
  const policy = (range: string) => `policy: {http: {allow: ['${range}']}}`;
  expect((await other(call, policy('10.0.0.0/8')))?.corrections).toMatchObject([
    { action: { reach: { named: [], allow: ['10.0.0.0/8'] } } },
  ]);
  expect((await other(call, policy('fd00::/8')))?.corrections).toMatchObject([{ action: { reach: { allow: ['fd00::/8'] } } }]);
  for (const range of ['0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.1', 'orders.internal', '127.1/8'])
    expect(await complaints(yaml(call, policy(range)))).toEqual([expect.stringContaining('a range of addresses of at most /8')]);
});

test('a secret of a header stands in the file by its name, and in the configuration by where it is read', async () => {
  const headers = `headers: {Authorization: {bearer: token}, X-Token: {secret: token}, X-Plain: a}`;
  const shop = await other(
    `corrections: {call: {http: 'http://a/on', ${headers}, undo: {http: 'http://a/off', headers: {Cookie: {secret: token}}}}}`,
  );
  const secret = { env: 'NOT_SET_HERE' };
  expect(shop?.corrections).toMatchObject([
    {
      action: {
        request: { headers: { 'X-Plain': 'a' }, secretHeaders: { Authorization: { secret, scheme: 'Bearer' }, 'X-Token': { secret } } },
        undoRequest: { headers: {}, secretHeaders: { Cookie: { secret } } },
      },
    },
  ]);
});

test.each([
  [
    'Authorization: Bearer hunter2',
    'would put a secret in clear into the configuration (not shown); allowed: {secret: NAME} or {bearer: NAME}',
  ],
  ['X-Api-Key: hunter2', 'would put a secret in clear'],
  ['Authorization: {bearer: hunter2}', 'is no name of an entry of secrets (not shown: it may be a secret in clear)'],
  ['Authorization: {basic: token}', 'unknown key "basic"; known here: secret, bearer'],
])('a header with a secret in clear is refused, and the secret is not shown: %s', async (header, sentence) => {
  const found = await complaints(yaml(`corrections: {call: {http: 'http://a/on', headers: {${header}}}}`));
  expect(found.join()).toContain(sentence);
  expect(found.join()).not.toContain('hunter2');
});

const called = (more: string) => complaints(yaml(`corrections: {call: {http: 'http://a/on', ${more}}}`));

test.each([
  ['{X-A: "a\\r\\nX-Evil: c"}', 'headers.X-A: is "a\\r\\nX-Evil: c"; allowed: a text of one line'],
  ['{X-A: "\u20ac"}', 'headers.X-A: is "\u20ac"; allowed: a text of one line'],
  ["{'X Y': z}", 'headers.X Y: is no name; allowed: the name of a header in letters, digits and dashes, such as X-Token'],
  ["{'X:': z}", 'headers.X:: is no name; allowed: the name of a header'],
  ["{'': z}", 'is no name; allowed: the name of a header'],
])('a header that can not be sent is refused with what is allowed: %s', async (headers, sentence) => {
  expect(await called(`headers: ${headers}`)).toEqual([expect.stringContaining(sentence)]);
  expect(await called(`undo: {http: 'http://a/off', headers: ${headers}}`)).toEqual([expect.stringContaining(sentence)]);
});

test.each(['Idempotency-Key', 'hale-fence', 'Host', 'content-length', 'Transfer-Encoding', 'CONNECTION', 'Upgrade', 'Trailer', 'Expect'])(
  'a header that hale sets itself is refused, by any case of its letters: %s',
  async (name) => {
    expect(await called(`headers: {${name}: a}`)).toEqual([
      expect.stringContaining(
        `headers.${name}: is no name; allowed: any header but those that hale sets itself: Idempotency-Key, Hale-Fence`,
      ),
    ]);
  },
);

test('a header may hold what one line can, and have any name that is left', async () => {
  const headers = `headers: {X-A: "caf\u00e9\tau lait", "X_b.c": "", If-Match: '"7"'}`;
  expect(await called(headers)).toEqual([]);
});

test.each([
  'http://169.254.169.254/latest',
  'http://0xa9.254.43518/',
  'https://100.100.100.200/',
  'http://[fd00:ec2::254]/x',
  'http://[fd20:ce::254]',
])('where a cloud keeps the secrets of its machines nothing is sent, so that it is no address: %s', async (address) => {
  const other = yaml('corrections: {}');
  const refused = `is "${address}"; allowed: any address but those where clouds keep the secrets of their machines`;
  expect(await complaints(yaml(`corrections: {call: {http: '${address}'}}`))).toEqual([expect.stringContaining(`call.http: ${refused}`)]);
  expect(await called(`undo: {http: '${address}'}`)).toEqual([expect.stringContaining(`call.undo.http: ${refused}`)]);
  expect(await called(`verify: '${address}'`)).toEqual([
    expect.stringContaining(`call.verify: ${refused.replace('allowed', 'allowed beside http')}`),
  ]);
  expect(await complaints(other.replace('http://127.1:80/', address))).toEqual([expect.stringContaining(`signals.up.http: ${refused}`)]);
});

test.each([
  ["http: 'http://a/on', verify: /verify", 'is "/verify"; allowed beside http: an http or https URL'],
  ["http: 'http://a/on', verify: [/bin/true]", 'is a list; allowed beside http: an http or https URL'],
  ["http: 'http://a/on', verify: 'http://ada:hunter2@a/is'", 'is a URL with a password (not shown); allowed beside http: an http'],
  [
    'exec: [/bin/true], verify: /bin/true',
    'is a text; allowed beside exec: a list of program and arguments, such as [/usr/local/bin/was-done]',
  ],
  ["exec: [/bin/true], verify: 'http://ada:hunter2@a/is'", 'is a text; allowed beside exec: a list of program and arguments'],
  ['exec: [/bin/true], verify: [bin/true]', 'verify[0]: is "bin/true"; allowed: a program by its absolute path'],
  ['exec: [/bin/true], verify: 5', 'is 5; allowed: a program as [argv], or a URL'],
])('what verify can be is said by the kind of its correction: %s', async (correction, sentence) => {
  const found = await complaints(yaml(`corrections: {call: {${correction}}}`));
  expect(found).toEqual([expect.stringContaining(sentence)]);
  expect(found.join()).not.toContain('hunter2');
});
