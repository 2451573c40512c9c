import { disk } from './disk.js';
import { alertmanager } from './alertmanager.js';
import { docker } from './docker.js';
import { exec } from './exec.js';
import { file } from './file-content.js';
import { git } from './git.js';
import { http } from './http.js';
import { kubernetes } from './kubernetes.js';
import type { AnyKind } from './kind.js';
import { plugIn } from './plug-in.js';
import { postgres } from './postgres.js';
import { release } from './release.js';
import { runit } from './runit.js';
import { systemd } from './systemd.js';
import { wait } from './wait.js';

/** Every kind of correction that the file knows; to add one, write a file like these and name it here. */
export const correctionKinds: readonly AnyKind[] = [
  exec,
  http,
  file,
  release,
  git,
  postgres,
  docker,
  alertmanager,
  wait,
  kubernetes,
  systemd,
  runit,
  disk,
  plugIn,
];
