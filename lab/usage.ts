/** Thrown for what somebody typed wrong; its sentence names the option, its value and what is allowed. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
