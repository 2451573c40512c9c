// Entry of the workflow bundle: every exported function here is a workflow type.
export { healingCycle } from './healing-cycle.js';
export { watch } from './watch.js';
export { dryRun } from './dry-run.js';
