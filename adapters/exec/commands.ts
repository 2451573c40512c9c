import type { CommandEnd, Commands, Errand } from '../../activities/ports.js';
import { awaitLeftover } from './leftover.js';
import { locateProgram, noProgram, runCommand, type Ended } from './command.js';

export const commands: Commands = {
  awaitLeftover,
  missing: ([name]) => (locateProgram(name) === undefined ? noProgram(name) : undefined),
  run: async (argv, call) => {
    const { timeoutMs, abort } = call;
    return told(argv, await runCommand({ argv, env: environmentOf(call), timeoutMs, abort }));
  },
};

const environmentOf = (call: Errand): Record<string, string> => ({
  PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
  LANG: process.env.LANG ?? 'C.UTF-8',
  HALE_ACTION_ID: call.actionId,
  HALE_FENCE: call.fence,
  HALE_SERVICE: call.service,
  HALE_INSTANCE: call.instance ?? '',
});

function told([name]: readonly string[], end: Ended): CommandEnd {
  if (end.kind === 'notStarted') return { kind: 'notStarted', sentence: end.why };
  const said = end.output === '' ? 'it printed nothing' : `it printed: ${end.output.slice(-300)}`;
  if (end.kind === 'killed') return { kind: 'killed', sentence: `${name} was killed: ${end.why}; ${said}` };
  return { ...end, sentence: `${name} exited with ${end.code}; ${said}` };
}
