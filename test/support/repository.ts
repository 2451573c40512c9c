import { rmSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { type Files, ownRepository, type Repository } from './own-repository.js';

export type { Repository } from './own-repository.js';

/** Gone when the test ends. */
export function freshRepository(history: readonly Files[]): Repository {
  const repository = ownRepository(history);
  onTestFinished(() => rmSync(repository.folder, { recursive: true, force: true }));
  return repository;
}
