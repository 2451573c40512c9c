import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { check } from '../../support/configuration.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const documents = ['README.md', ...(await readdir(`${root}docs`)).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

/** Whole configurations in a document: blocks of YAML that begin as a configuration file does. */
async function configurationsIn(path: string): Promise<string[]> {
  const text = await readFile(root + path, 'utf8');
  return [...text.matchAll(/^```yaml\n(apiVersion: [\s\S]*?)^```/gm)].map((match) => match[1] ?? '');
}

const shown = (
  await Promise.all(documents.map(async (path) => (await configurationsIn(path)).map((text) => [path, text] as const)))
).flat();

test('the first page shows a whole configuration of ten lines or so', async () => {
  const [first = ''] = await configurationsIn('README.md');
  expect(first.trimEnd().split('\n').length).toBeLessThanOrEqual(12);
  expect(first).toContain('corrections:');
});

test.each(shown)('every configuration that %s shows is accepted without a warning', async (_, text) => {
  expect(await check({ 'hale.yaml': text })).toMatchObject({ kind: 'valid', warnings: [] });
});
