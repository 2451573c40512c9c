import type { SecretReference } from '../../domain/service.js';
import { secretOf } from '../../secrets/read.js';

/** A secret that is a whole URL, since who knows it may write there. */
export async function secretUrl(reference: SecretReference): Promise<string> {
  const url = await secretOf(reference);
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw new Error('the secret is no http or https URL');
}

/** How a receiver that repeats what it was asked names such a URL: whole, or the part after its host. */
export function partsOf(url: string): string[] {
  const { href, pathname, search } = new URL(url);
  return [url, href, pathname + search, pathname].filter((part) => part.length > 1);
}
