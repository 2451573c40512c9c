import type { WireBench } from '../bench.js';
import { alertmanager } from './alertmanager.js';
import { dockerRestart } from './docker.js';
import { http, httpBlind } from './http.js';
import { postgresBlocker, postgresSetting } from './postgres.js';

/** Every provider with a wire; a new one is named here. */
export const wireBenches = [http, httpBlind, postgresBlocker, postgresSetting, alertmanager, dockerRestart] as readonly WireBench[];
