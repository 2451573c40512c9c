import pg from 'pg';
import { TargetRefused } from '../../domain/failure.js';

export const errorCodes = {
  invalidName: '42602',
  tooManyDots: '42601',
  otherDatabase: '0A000',
  undefinedObject: '42704',
  undefinedFunction: '42883',
  invalidParameterValue: '22023',
  lockNotAvailable: '55P03',
  objectInUse: '55006',
} as const;

/** What a server says to a text that can't be the name of one of its tables. */
export const noTable = ['invalidName', 'tooManyDots', 'otherDatabase'] as const;

export const isError = (error: unknown, ...names: readonly (keyof typeof errorCodes)[]): boolean =>
  error instanceof pg.DatabaseError && names.some((name) => errorCodes[name] === error.code);

/** For `catch`: with these errors the server did nothing; any other leaves it open. */
export const refusedIf =
  (...names: readonly (keyof typeof errorCodes)[]) =>
  (error: unknown): never => {
    if (error instanceof Error && isError(error, ...names)) throw new TargetRefused(error.message);
    throw error;
  };
