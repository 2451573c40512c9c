import { fileURLToPath } from 'node:url';
import type { DockerSource } from '../../domain/service.js';

/**
 * How a request to docker ended badly. `notSent`: it saw nothing. `refused`: it said no, and did nothing. `failed`: it tried.
 * `unclear`: nobody can tell.
 */
export class DockerFailed extends Error {
  override readonly name = 'DockerFailed';

  constructor(
    readonly kind: 'notSent' | 'refused' | 'failed' | 'unclear',
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

/** What the library throws, as what it means for people. */
export function failureOf(error: unknown, source: DockerSource): DockerFailed {
  if (error instanceof DockerFailed) return error;
  const { statusCode, json, code, message } = error as Partial<Thrown>;
  if (statusCode !== undefined) return answered(statusCode, messageOf(json) ?? String(message));
  const sentence = notSent(code, source);
  if (sentence !== undefined) return new DockerFailed('notSent', sentence);
  return new DockerFailed('unclear', `docker at ${source.url}: ${String(message ?? error).slice(0, 300)}`);
}

interface Thrown {
  readonly statusCode: number;
  readonly json: unknown;
  readonly code: string;
  readonly message: string;
}

const messageOf = (json: unknown): string | undefined =>
  typeof json === 'object' && json !== null && 'message' in json && typeof json.message === 'string' ? json.message : undefined;

function answered(status: number, message: string): DockerFailed {
  const said = message.trim().slice(0, 300);
  if (status === 403) return new DockerFailed('refused', `no permission: what stands before docker does not allow this (${said})`, status);
  return new DockerFailed(status >= 500 ? 'failed' : 'refused', `docker says ${status}: ${said}`, status);
}

function notSent(code: string | undefined, { url }: DockerSource): string | undefined {
  const place = url.startsWith('unix:') ? socketOf(url) : url;
  const why: Readonly<Record<string, string>> = {
    ENOENT: `docker is unavailable: there is no socket ${place}`,
    ENOTSOCK: `docker is unavailable: ${place} is no socket`,
    EACCES: `no permission: this user may not open ${place}`,
    EPERM: `no permission: this user may not open ${place}`,
    ECONNREFUSED: `docker is unavailable: nobody listens at ${place}`,
    ENOTFOUND: `docker is unavailable: the host of ${place} is not known`,
    EAI_AGAIN: `docker is unavailable: the host of ${place} can't be looked up`,
    EHOSTUNREACH: `docker is unavailable: there is no way to ${place}`,
    ENETUNREACH: `docker is unavailable: there is no way to ${place}`,
  };
  return code === undefined ? undefined : why[code];
}

export const socketOf = (url: string): string => fileURLToPath(url.replace(/^unix:/, 'file:'));
