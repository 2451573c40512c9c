import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { command } from './command.js';

const status = z.object({
  data: z.object({
    temporal: z.object({ address: z.string(), namespace: z.string() }),
    database: z.object({ url: z.string() }),
    web: z.object({ url: z.string() }),
    processes: z.array(z.object({ role: z.string(), pid: z.number() })),
    services: z.array(z.object({ name: z.string(), state: z.string() })),
  }),
});

export type Status = z.infer<typeof status>['data'];

/** A hale of this step's own, started and asked as an outsider does. */
export interface RunningHale {
  readonly state: string;
  readonly status: () => Promise<Status>;
}

/** Starts `hale up` on this configuration, waits until it answers, and ends it when `use` has ended. */
export async function withHale<T>(configuration: string, use: (hale: RunningHale) => Promise<T>, env: NodeJS.ProcessEnv = {}): Promise<T> {
  const state = await mkdtemp(join(tmpdir(), 'hale-acceptance-'));
  await chmod(state, 0o755); // As root, PostgreSQL runs as another user, who must get through.
  const config = join(state, 'hale.yaml');
  await writeFile(config, configuration);
  const child = spawn('node', ['bin/hale.mjs', 'up', '--config', config, '--state', state], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
  const ended = once(child, 'exit');
  try {
    const hale: RunningHale = { state, status: () => statusOf(state) };
    await answering(hale, child);
    return await use(hale);
  } finally {
    child.kill('SIGTERM');
    await ended;
    await rm(state, { recursive: true, force: true });
  }
}

async function statusOf(state: string): Promise<Status> {
  const { output } = await command('node', ['bin/hale.mjs', 'status', '--json', '--state', state], process.cwd());
  return status.parse(JSON.parse(output.slice(output.indexOf('{')))).data;
}

/** Both workers poll, and the web process listens, once they are listed and a status is answered. */
async function answering(hale: RunningHale, child: { readonly exitCode: number | null }): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`hale up ended with ${child.exitCode}`);
    const found = await hale.status().catch(() => undefined);
    const roles = found?.processes.map(({ role }) => role) ?? [];
    if (roles.some((role) => role.startsWith('cycles')) && roles.some((role) => role.startsWith('watch')) && found?.web.url) return;
    await wait(250);
  }
}
