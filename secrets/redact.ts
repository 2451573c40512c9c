const MARK = '(secret)';

/** Derived forms that are shorter could stand in any text. */
const FORM_MIN = 4;

/**
 * The text without these secrets. Targets and receivers repeat what they were sent: as it was, as part of a URL, of
 * JSON, of HTML or of a log line, and in base64 also within something longer, as `user:password` is.
 */
export function redacted(text: string, secrets: readonly string[]): string {
  const forms = [...new Set(secrets.flatMap((secret) => [secret, ...derived(secret)]))].filter((form) => form !== '');
  // A form may be part of another one, of which nothing may be left.
  return forms.sort((one, other) => other.length - one.length).reduce((rest, form) => rest.replaceAll(form, MARK), text);
}

function derived(secret: string): string[] {
  const url = encodeURIComponent(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].flatMap((offset) => [base64At(bytes, offset, 'base64'), base64At(bytes, offset, 'base64url')]);
  const forms = [url, url.replaceAll('%20', '+'), json, inHtml(secret), hex, hex.toUpperCase(), ...base64];
  return forms.filter((form) => form.length >= FORM_MIN);
}

/** The characters that these bytes alone decide, wherever they begin among groups of three. */
function base64At(bytes: Buffer, offset: number, alphabet: 'base64' | 'base64url'): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString(alphabet);
  return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}

const inHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
