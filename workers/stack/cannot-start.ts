/** hale can't start; the message names the cause and the way out, for a person at a terminal. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';

  /** Exit codes as `hale help exit-codes` lists them: 2 usage or configuration, 5 what hale needs can't be had, 6 refused. */
  constructor(
    message: string,
    readonly exitCode: 2 | 5 | 6 = 5,
  ) {
    super(message);
  }
}
