import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** One place where a secret was found, and the form in which it lay there. */
export interface Leak {
  readonly secret: string;
  readonly form: string;
  readonly where: string;
}

/** Every form in which a text may lie in bytes: as it is, in base64 at any offset, in hex, as part of a URL or of JSON, as UTF-16. */
export function formsOf(text: string): readonly (readonly [form: string, needle: Buffer])[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  return [
    ['raw', bytes],
    ...[0, 1, 2].map((offset) => [`base64+${offset}`, Buffer.from(inBase64(bytes, offset))] as const),
    ...[0, 1, 2].map((offset) => [`base64url+${offset}`, Buffer.from(urlSafe(inBase64(bytes, offset)))] as const),
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    ['url', Buffer.from(encodeURIComponent(text))],
    ['json', Buffer.from(JSON.stringify(text).slice(1, -1))],
    ['utf16', Buffer.from(text, 'utf16le')],
  ];
}

/** What every base64 text has in it that contains these bytes so many bytes after a multiple of three. */
function inBase64(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const [head, tail] = [offset === 0 ? 0 : offset + 1, (offset + bytes.length) % 3];
  return text.slice(head, tail === 0 ? undefined : tail === 1 ? -3 : -2);
}

const urlSafe = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_');

/** Looks for each secret in all its forms, also in whatever is gzipped within the bytes. */
export function leaksIn(where: string, bytes: Buffer, secrets: Readonly<Record<string, string>>): Leak[] {
  const found = [bytes, ...unzipped(bytes)].flatMap((part, index) =>
    Object.entries(secrets).flatMap(([secret, text]) =>
      formsOf(text).flatMap(([form, needle]) =>
        part.includes(needle) ? [{ secret, form: index === 0 ? form : `gzip, ${form}`, where }] : [],
      ),
    ),
  );
  return found;
}

const gzipHead = Buffer.from([0x1f, 0x8b, 0x08]);

function unzipped(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = bytes.indexOf(gzipHead); at >= 0; at = bytes.indexOf(gzipHead, at + 1)) {
    try {
      parts.push(gunzipSync(bytes.subarray(at), { finishFlush: 2 }));
    } catch {
      // It only looked like a head.
    }
  }
  return parts;
}

/** Every file below a folder. What goes away meanwhile is not there to be read. */
export async function leaksBelow(folder: string, secrets: Readonly<Record<string, string>>): Promise<{ leaks: Leak[]; bytes: number }> {
  const leaks: Leak[] = [];
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = await readFile(path).catch(() => Buffer.alloc(0));
    bytes += content.length;
    leaks.push(...leaksIn(path.slice(folder.length + 1), content, secrets));
  }
  return { leaks, bytes };
}
