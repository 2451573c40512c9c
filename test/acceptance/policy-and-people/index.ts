// What must hold of policy and people: every other file in this folder is one step.
import { runSteps } from '../../support/acceptance/run.js';

process.exitCode = await runSteps(import.meta.url, process.argv.slice(2));
