import { isElsewhere, isSecretName, isUrlInClear } from './secret-words.js';

/** How programs take a secret by an option whose name does not say so. */
const ownWays: readonly { readonly programs: RegExp; readonly isSecret: (word: string, before: string) => boolean }[] = [
  { programs: /^(curl|http|https|xh|xhs)$/, isSecret: isUserInClear },
  { programs: /^(mysql|mariadb)(-?(admin|dump|check))?$/, isSecret: (word) => /^-p./.test(word) },
  { programs: /^(redis|valkey)-cli$/, isSecret: (word, before) => before === '-a' && !isElsewhere(word) },
  { programs: /^sshpass$/, isSecret: (word, before) => before === '-p' && !isElsewhere(word) },
];

/** The places among a program and its arguments at which a secret stands in clear, as far as names and options tell. */
export function argumentsInClear(argv: readonly string[]): number[] {
  return argv.flatMap((word, place) => {
    const before = argv[place - 1] ?? '';
    // Another program may stand before it, as sudo does.
    const runs = (programs: RegExp): boolean => argv.slice(0, place).some((one) => programs.test(one.split('/').at(-1) ?? ''));
    const isOne =
      isUrlInClear(word) ||
      isAuthorization(word) ||
      isHeaderInClear(word, before) ||
      isOptionInClear(word, before) ||
      ownWays.some(({ programs, isSecret }) => isSecret(word, before) && runs(programs));
    return isOne ? [place] : [];
  });
}

/** `Authorization: Bearer X`, also within the words of a shell. */
const isAuthorization = (word: string): boolean =>
  /\bauthorization["']?\s*:\s*["']?(bearer|basic|token|digest|apikey|key|negotiate)\s+[^\s"'`$]/i.test(word);

/** `-H 'X-Api-Key: X'`, also in one word. */
function isHeaderInClear(word: string, before: string): boolean {
  const header = before === '-H' || before === '--header' ? word : /^(?:-H|--header=)(.*)$/s.exec(word)?.[1];
  const [, name = '', value = ''] = /^\s*([\w.-]{1,100})\s*:\s*(.*)$/s.exec(header ?? '') ?? [];
  return isSecretName(name) && !isElsewhere(value);
}

/** `--password X`, `--password=X`, `-Dpassword=X` and `PGPASSWORD=X`. */
function isOptionInClear(word: string, before: string): boolean {
  const [, option = ''] = /^--?([a-zA-Z][\w.-]{0,100})$/.exec(before) ?? [];
  const [, name = '', value = ''] = /^(?:-D|--?)?([a-zA-Z_][\w.-]{0,100})=(.*)$/s.exec(word) ?? [];
  return (!word.startsWith('-') && isNamedInClear(option, word)) || isNamedInClear(name, value);
}

/** Programs name a way to sign in by --auth too, and a signal by --sig: only what has two parts is a secret there. */
const isNamedInClear = (name: string, value: string): boolean =>
  isSecretName(name) && !isElsewhere(value) && (!/(auth|sig)$/i.test(name) || value.includes(':'));

/** `-u ada:X`, `-uada:X` and `--user=ada:X`. */
function isUserInClear(word: string, before: string): boolean {
  const isAlone = /^(-u|-U|-a|--user|--proxy-user|--auth)$/.test(before);
  const user = isAlone ? word : /^(?:-u|-U|-a|--user=|--proxy-user=|--auth=)(.*)$/s.exec(word)?.[1];
  return /^[^\s:]{1,200}:[^\s$`]/.test(user ?? '');
}
