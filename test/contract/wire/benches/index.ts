import type { WireBench } from '../bench.js';
import { http, httpBlind } from './http.js';
import { postgresBlocker, postgresSetting } from './postgres.js';

/** Every provider with a wire; a new one is named here. */
export const wireBenches = [http, httpBlind, postgresBlocker, postgresSetting] as readonly WireBench[];
