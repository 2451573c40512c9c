/** Words by which people name a secret, wherever in a name they stand; `PGPASSWORD` and `authtoken` end in one. */
const anywhere = /(password|passwd|passphrase|secret|token|cookie|credentials?)$|^(authorization|apikey|accesskey|authkey|privatekey)$/;
/** Those that mean it only at the end of a name: X-Auth does, X-Auth-User does not. */
const atTheEnd = /^(auth|jwt|pass|passin|passout|pwd|sig|signature)$/;
/** What a key opens, as api-key and x-vault-key do; a surrogate, routing or cache key opens nothing. */
const opening =
  /^(api|access|auth|vault|private|account|admin|master|signing|encryption|license|subscription|functions|service|client|app)$/;
/** A name that ends so is about a secret, and not one. */
const about =
  /^(name|names|ref|reference|type|file|path|folder|url|uri|env|version|ttl|age|expiry|policy|length|count|stdin|prompt|jar|fd|user|header)$/;
/** An option that begins so says what to do about a secret: --no-ask-password. */
const doing = /^(no|ask|prompt|with|without|use|require|skip|reset|rotate|show|check)$/;

/** Whether a secret is usually kept under this name: of a header, a parameter, a field or an option. */
export function isSecretName(name: string): boolean {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const last = words.at(-1) ?? '';
  if (about.test(last) || doing.test(words[0] ?? '')) return false;
  return words.some((word) => anywhere.test(word)) || atTheEnd.test(last) || (last === 'key' && opening.test(words.at(-2) ?? ''));
}

/** What points to a value that stands elsewhere: a file, a slot, what a shell puts in. */
export const isElsewhere = (value: string): boolean => /^["']?(\/|@|\$|`|-$|file:|env:)/.test(value) || value === '';

/** Whether a URL in this text brings its password along. */
const urlWithPassword = /[a-z][a-z0-9+.-]{0,30}:\/\/[^/\s:@]{0,200}:[^/\s@]{1,500}@/i;

export const isUrlInClear = (url: string): boolean => urlWithPassword.test(url) || isQueryInClear(url);

/** Whether a URL has a parameter that is called like a secret. */
export const isQueryInClear = (url: string): boolean => isFormInClear(url.split('#')[0]?.split('?')[1] ?? '');

/** Whether a form, as a query or a body is, has a field that is called like a secret and holds something. */
export const isFormInClear = (form: string): boolean =>
  form.split('&').some((pair) => {
    const [, name = '', value = ''] = /^([\w.%[\]-]{1,100})=(.*)$/s.exec(pair) ?? [];
    return isSecretName(name) && !isElsewhere(value);
  });

/** Whether a body, JSON or a form, has a field that is called like a secret and holds a text. */
export function isBodyInClear(body: string): boolean {
  try {
    return isFieldInClear(JSON.parse(body));
  } catch {
    return isFormInClear(body.trim());
  }
}

function isFieldInClear(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, field]) =>
    typeof field === 'string' ? isSecretName(name) && !isElsewhere(field) : isFieldInClear(field),
  );
}
