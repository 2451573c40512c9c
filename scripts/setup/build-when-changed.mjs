import { join } from 'node:path';
import { SetupFailure, run, step, tail } from './step.mjs';

/** Builds the product unless what is in dist/ was built from exactly these sources. */
export async function buildWhenChanged(root) {
  const { isBuilt } = await import('../build/sources.mjs');
  if (isBuilt(root)) return;
  await step('building', async () => {
    const { code, output } = await run(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root });
    if (code !== 0) throw new SetupFailure(`the build ended with ${code}:\n  ${tail(output, 20)}`);
  });
}
