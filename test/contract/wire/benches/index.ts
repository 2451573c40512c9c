import { noSystemd } from '../../../support/systemd.js';
import type { WireBench } from '../bench.js';
import { alertmanager } from './alertmanager.js';
import { dockerRestart, dockerStart } from './docker.js';
import { exec } from './exec.js';
import { file, release } from './files.js';
import { git } from './git.js';
import { http, httpBlind } from './http.js';
import { kubernetes } from './kubernetes.js';
import { disk, runit, runitOverSsh, systemdOverSsh } from './machine.js';
import { plugIn } from './plug-in.js';
import { postgresBlocker, postgresSetting, postgresSlot, postgresSnapshot } from './postgres.js';

/** All kinds reach a machine by the same ssh: one of them stands for all, systemd where there can be one. */
const overSsh = noSystemd === undefined ? systemdOverSsh : runitOverSsh;

const onWires = [http, httpBlind, alertmanager, dockerRestart, dockerStart, git, kubernetes, overSsh];
const ofPostgres = [postgresBlocker, postgresSnapshot, postgresSlot, postgresSetting];
const withoutWire = [exec, file, release, disk, runit, plugIn];

/** Every provider; a new one is named here. */
export const wireBenches = [...onWires, ...ofPostgres, ...withoutWire] as readonly WireBench[];
