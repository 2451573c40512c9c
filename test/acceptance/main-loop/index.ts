// What must hold of the main loop: every other file in this folder is one step.
import { runSteps } from '../../support/acceptance/run.js';

await runSteps(import.meta.url);
