import { findBeside, inspectIfThere } from './container.js';
import type { Engine } from './engine.js';
import { DockerFailed } from './failure.js';
import { remove } from './requests.js';

/** How long a container that was set aside is kept. */
const keptMs = 24 * 60 * 60_000;

/**
 * Removes what earlier recreations of this container have set aside, once it is old, but for what this one has. A failure is
 * for the next one.
 */
export async function sweep(engine: Engine, name: string, except: string): Promise<void> {
  try {
    for (const id of (await findBeside(engine, name)).filter((one) => one !== except)) {
      const container = await inspectIfThere(engine, id);
      if (container === undefined || container.State.Running) continue;
      const { Created, State } = container;
      const since = Math.max(Date.parse(Created), Date.parse(State.FinishedAt));
      if (Date.now() - since > keptMs) await remove(engine, id);
    }
  } catch (error) {
    if (!(error instanceof DockerFailed)) throw error;
  }
}
