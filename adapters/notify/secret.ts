/** How a receiver that repeats what it was asked names a URL that is a secret: whole, or the part after its host. */
export function partsOf(url: string): string[] {
  const { href, pathname, search } = new URL(url);
  return [url, href, pathname + search, pathname].filter((part) => part.length > 1);
}
