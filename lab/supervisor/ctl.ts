/**
 * The command that configurations name: `node ctl.js PORT VERB UNIT`, with HALE_ACTION_ID and HALE_FENCE from the environment.
 * Exit 0 done (or done before), 1 not done (answer of `did`), 2 usage, 4 supervisor unreachable, 77 refused for its
 * fencing token before anything was done.
 */
import { type Command, type Reply, tell, verbs } from './control.js';

const exitCodes: Readonly<Record<Reply['answer'], number>> = { done: 0, repeated: 0, notDone: 1, unknown: 2, refused: 77 };

function commandOf(verb: string | undefined, unit: string | undefined): Command | undefined {
  const known = verbs.find((each) => each === verb);
  if (known === undefined || unit === undefined) return undefined;
  const { HALE_ACTION_ID: actionId, HALE_FENCE: fence } = process.env;
  return { verb: known, unit, ...(actionId === undefined ? {} : { actionId }), ...(fence === undefined ? {} : { fence }) };
}

const [port, verb, unit] = process.argv.slice(2);
const command = commandOf(verb, unit);
if (command === undefined) {
  process.stderr.write(`usage: ctl.js PORT ${verbs.join('|')} UNIT\n`);
  process.exitCode = 2;
} else {
  await tell(Number(port), command).then(
    (reply) => {
      process.stdout.write(`${JSON.stringify(reply)}\n`);
      process.exitCode = exitCodes[reply.answer];
    },
    (error: Error) => {
      process.stderr.write(`supervisor on port ${port} can't be reached: ${error.message}\n`);
      process.exitCode = 4;
    },
  );
}
