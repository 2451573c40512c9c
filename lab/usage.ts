/** Thrown for what somebody typed wrong; its sentence names the option, its value and what is allowed. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The whole number that an option gives. Throws UsageError. */
export function wholeNumber(name: string, text: string, min = 0): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min) return number;
  throw new UsageError(`--${name} is ${JSON.stringify(text)}; a whole number from ${min} to 999999999 is allowed, such as --${name} 5`);
}
