import { expect, test } from 'vitest';
import { aim } from '../../../activities/case.js';
import { execProvider } from '../../../adapters/exec/provider.js';
import type { Correction, Service } from '../../../domain/service.js';
import { freshKnob } from '../../support/knob.js';

/** What an alert or a discovery might name an instance, to get a command of its own out of a correction. */
const corpus: readonly string[] = [
  [';id', '; id', 'web-1;id', '|id', 'web-1|id', '||id', '&id', '&&id', 'web-1&&id', '`id`', '$(id)', '${IFS}id', '$PATH', '$0'],
  ['web-1\nid', 'web-1\r\nid', '\n', '\r', 'web-1\tid', 'web-1 id', ' web-1', 'web-1 ', 'web-1\0', '\0', 'web-1\u2028id', 'web-1\u00a0id'],
  ['-oProxyCommand=id', '--privileged', '--', '-', '-rf', '--help', '-e', '\u2010rf', '\u2013rf', '\u2212rf', '\uff0drf'],
  ['../', '../../etc/passwd', '/etc/passwd', './id', '~', '~root', '.', '..', '.hidden', '*', 'web-*', '?', '[a-z]', '{a,b}', '!!', '#'],
  [`'`, `"`, `web-1'`, `web-1" id`, '\\', 'web-1\\', '>out', '<in', '>>out', '2>&1', '%0aid', '%s', '=cmd', '@file', '+x', ''],
  ['\u200bweb-1', 'web\u200d-1', 'wеb-1', 'web-1\u202e', 'ｗeb-1', 'wéb-1', '🐚', '\ud800', 'a'.repeat(64), `a${'.'.repeat(70)}`],
].flat();

const service = { name: 'shop' } as Service;

async function bench() {
  const knob = await freshKnob();
  const provider = execProvider();
  const aimed = (argv: readonly string[], instance: string, name = 'shop') =>
    aim({ providers: { for: () => provider } }, { ...service, name }, instance, {
      action: { kind: 'exec', argv },
      timeoutMs: 5_000,
    } as unknown as Correction);
  return { knob, provider, aimed };
}

test('command injection: no name of the corpus comes as far as a process, in any slot', async () => {
  expect(new Set(corpus).size).toBeGreaterThanOrEqual(60);
  const { knob, aimed } = await bench();
  for (const text of corpus)
    for (const slot of ['$instance', '$host', '--at=$instance', 'ssh://$host/x']) {
      const refused = aimed([knob.program, 'set', slot], text);
      expect(refused, JSON.stringify(text)).toMatchObject({
        kind: 'noAim',
        reason: expect.stringMatching(/letters, digits, dot, dash, colon/),
      });
    }
  for (const text of corpus)
    expect(aimed([knob.program, 'set', '$service'], 'web-1', text), JSON.stringify(text)).toMatchObject({ kind: 'noAim' });
  expect(await knob.ledger()).toEqual([]);
});

test('command injection: an argument without a slot is told the name of its instance only where that has none of it either', async () => {
  const { knob, aimed } = await bench();
  for (const text of corpus) expect(aimed([knob.program, 'set', 'on'], text), JSON.stringify(text)).toMatchObject({ kind: 'noAim' });
});

test('command injection: what is permitted is one argument, as it is', async () => {
  const { knob, provider, aimed } = await bench();
  for (const text of ['web-1', 'web-1:9100', 'a.b_c-d', '10.0.0.1', 'a'.repeat(63)]) {
    const aim = aimed([knob.program, 'set', 'at=$instance'], text);
    if (aim.kind !== 'aimed') throw new Error(aim.reason);
    const before = { identity: 'opaque', summary: '', content: {} };
    const told = { actionId: 'cycle/1/fix', fence: '7', before, abort: new AbortController().signal, permit: async () => undefined };
    await provider.apply({ ...aim.target, ...told } as never);
    expect(await knob.state()).toBe(`at=${text}`);
  }
});
