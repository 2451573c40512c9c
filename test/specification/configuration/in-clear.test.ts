import { expect, test } from 'vitest';
import { complaints } from '../../support/configuration.js';

const file = (correction: string, signal = `http: 'http://127.0.0.1:1/'`): string => `apiVersion: hale/v1
secrets: {token: {env: NOT_SET_HERE}}
services:
  shop: {signals: {up: {${signal}, every: 1s}}, objectives: {up: {above: 0, for: 0s}}, corrections: {call: {${correction}}}}
`;
const request = (more: string) => complaints(file(`http: 'http://a/on', ${more}`));
const run = (...argv: readonly string[]) => complaints(file(`exec: ${JSON.stringify(argv)}`));

const refused = (said: readonly string[], where: string, allowed: string) => {
  expect(said).toEqual([
    expect.stringContaining(`${where}: would put a secret in clear into the configuration (not shown); allowed: ${allowed}`),
  ]);
  expect(said.join()).not.toContain('hunter2');
};

test.each([
  'Authorization',
  'password',
  'X-Auth',
  'X-Vault-Key',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'Ocp-Apim-Subscription-Key',
  'x-functions-key',
  'Cookie',
  'apikey',
  'X-JWT',
])('a header that is called like a secret is refused in clear: %s', async (name) => {
  refused(await request(`headers: {${name}: hunter2}`), `headers.${name}`, '{secret: NAME} or {bearer: NAME}');
  refused(await request(`undo: {http: 'http://a/off', headers: {${name}: hunter2}}`), `undo.headers.${name}`, '{secret: NAME}');
  expect(await request(`headers: {${name}: {secret: token}}`)).toEqual([]);
});

test.each([
  'Surrogate-Key',
  'X-Routing-Key',
  'X-Cache-Key',
  'X-Auth-User',
  'X-Secret-Name',
  'X-Author',
  'X-Tokenizer',
  'X-Passport',
  'Accept',
  'X-Design',
])('a header that only sounds like one is taken: %s', async (name) => expect(await request(`headers: {${name}: checkout}`)).toEqual([]));

test.each(['api_key=hunter2', 'a=b&access_token=hunter2', 'apiKey=hunter2', 'sig=hunter2#part'])(
  'a parameter that is called like a secret is refused: %s',
  async (query) => {
    const url = `http://a/on?${query}`;
    refused(await complaints(file(`http: '${url}'`)), 'call.http', 'a URL without it');
    refused(await request(`verify: '${url}'`), 'call.verify', 'a URL without it');
    refused(await complaints(file(`http: 'http://a/on'`, `http: '${url}'`)), 'up.http', 'a URL without it');
  },
);

test.each(['key=front', 'token=$service', 'q=password', 'api_key=', 'token_type=x', 'page=2'])(
  'a parameter that is none is taken: %s',
  async (query) => expect(await complaints(file(`http: 'http://a/on?${query}'`))).toEqual([]),
);

test.each(['{"password":"hunter2"}', '{"to":{"list":[{"clientSecret":"hunter2"}]}}', 'user=ada&password=hunter2'])(
  'a field of a body that is called like a secret is refused: %s',
  async (body) => refused(await request(`body: '${body}'`), 'call.body', 'a body without it'),
);

test.each([
  '{"password":""}',
  '{"max_tokens":5,"passwordReset":true,"secretName":"db"}',
  '{"service":"$service"}',
  'the password is not here',
  '["token"]',
])('a body without one is taken: %s', async (body) => expect(await request(`body: '${body}'`)).toEqual([]));

test.each([
  [['curl', '-H', 'Authorization: Bearer hunter2', 'http://a/'], 2],
  [['curl', '-HX-Api-Key:hunter2', 'http://a/'], 1],
  [['curl', '--header=X-Vault-Token: hunter2', 'http://a/'], 1],
  [['/bin/sh', '-c', "curl -H 'Authorization: Basic hunter2' http://a/"], 2],
  [['sudo', '-u', 'web', '/usr/bin/curl', '-u', 'ada:hunter2', 'http://a/'], 5],
  [['curl', '-uada:hunter2', 'http://a/'], 1],
  [['curl', 'http://a/?api_key=hunter2'], 1],
  [['psql', 'postgres://ada:hunter2@db/shop'], 1],
  [['redis-cli', '-u', 'redis://:hunter2@cache:6379', 'ping'], 2],
  [['redis-cli', '-a', 'hunter2', 'ping'], 2],
  [['mysql', '-phunter2', 'shop'], 1],
  [['sshpass', '-p', 'hunter2', 'ssh', 'web'], 2],
  [['env', 'PGPASSWORD=hunter2', 'psql'], 1],
  [['tool', '--password=hunter2'], 1],
  [['tool', '--api-key', 'hunter2'], 2],
  [['java', '-Ddb.password=hunter2'], 1],
  [['openssl', 'rsa', '-passin', 'pass:hunter2'], 3],
])('an argument that is a secret is refused where it stands: %j', async (argv, place) => {
  refused(await run(...argv), `exec[${place}]`, 'an argument without it');
  refused(await complaints(file(`exec: ['true'], verify: ${JSON.stringify(argv)}`)), `verify[${place}]`, 'an argument without it');
  refused(await complaints(file(`exec: ['true'], undo: {exec: ${JSON.stringify(argv)}}`)), `undo.exec[${place}]`, 'an argument without it');
  refused(await complaints(file(`exec: ['true']`, `exec: ${JSON.stringify(argv)}`)), `up.exec[${place}]`, 'an argument without it');
});

test.each([
  [['/usr/bin/systemctl', '--no-ask-password', 'restart', 'shop']],
  [['docker', 'run', '-u', 'www-data:www-data', '--user', '1000:1000', 'shop']],
  [['tool', '--password-file=/run/secrets/x', '--token-file', '/run/secrets/y', '--password', '/run/secrets/z', '--token=@/run/t']],
  [
    [
      'curl',
      '-H',
      'Accept: text/plain',
      '-H',
      'X-Auth-User: hale',
      '-H',
      '@/run/secrets/header',
      '--cookie-jar',
      'jar.txt',
      'http://a:80/x@y?key=1',
    ],
  ],
  [['curl', '-u', 'ada', '--netrc-file', '/run/secrets/netrc', 'http://a/']],
  [['env', 'PWD=/srv', 'tool', '--auth', 'none', '--sig', 'TERM', '--sort-key', 'name', '--token', '$service']],
  [['kubectl', 'delete', 'secret', 'old-token', '-n', 'shop']],
  [['npm', 'run', 'secret:rotate']],
  [['logger', 'password: not found, authorization: refused']],
  [['mysql', '-P', '3306', '-p', 'shop']],
  [['rsync', 'rsync://mirror:873/mod@1', '/srv']],
  [['openssl', 'rsa', '-passin', 'file:/run/secrets/x']],
])('an argument that only sounds like one is taken: %j', async (argv) => expect(await run(...argv)).toEqual([]));

test.each([
  `headers: {X-Auth: "hunter2\\n"}`,
  `body: '{"password":"hunter2${'x'.repeat(20_000)}"}'`,
  `method: 'Authorization: Bearer hunter2'`,
])('what is wrong for another reason is not shown either where a secret is in it: %.60s', async (more) => {
  const said = (await request(more)).join();
  expect(said).toContain('not valid (not shown: it may be a secret)');
  expect(said).not.toContain('hunter2');
});
