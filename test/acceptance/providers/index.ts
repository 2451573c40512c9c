// What must hold of providers: every other file in this folder is one step.
import { runSteps } from '../../support/acceptance/run.js';

process.exitCode = await runSteps(import.meta.url, process.argv.slice(2));
