// Makes a fresh clone ready: packages, Temporal's binaries, and with --build the compiled product. It runs before
// anything is installed, so it may use nothing but Node itself.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildWhenChanged } from './setup/build-when-changed.mjs';
import { installPackages } from './setup/packages.mjs';
import { SetupFailure, summary } from './setup/step.mjs';
import { findTemporalCli, findTestServer } from './setup/temporal.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const toolsFile = join(root, '.hale', 'tools.json');

try {
  requireNode(20, 19);
  await installPackages(root);
  const tools = { ...knownTools(), temporalCli: await findTemporalCli(root) };
  if (process.argv.includes('--test')) tools.testServer = await findTestServer(root);
  mkdirSync(join(root, '.hale'), { recursive: true });
  writeFileSync(toolsFile, `${JSON.stringify(tools)}\n`);
  if (process.argv.includes('--build')) await buildWhenChanged(root);
  summary();
} catch (error) {
  if (!(error instanceof SetupFailure)) throw error;
  console.error(`\nsetup failed: ${error.message}`);
  process.exitCode = 1;
}

function requireNode(major, minor) {
  const [haveMajor, haveMinor] = process.versions.node.split('.').map(Number);
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return;
  throw new SetupFailure(
    `this is Node ${process.versions.node}, hale needs ${major}.${minor} or newer. Install one from https://nodejs.org, for example 24.`,
  );
}

function knownTools() {
  try {
    return JSON.parse(readFileSync(toolsFile, 'utf8'));
  } catch {
    return {};
  }
}
