// What a run of the rows found: which of the fifty were shown, and which are missing.

/** What these are about is not built yet. */
export const later = { 47: 'comes with the page', 48: 'comes with the page', 49: 'comes with learning' };
export const numbers = Array.from({ length: 50 }, (_, index) => index + 1);

/** From the test runner's report: rows that held, and tests that did not. A file that could not be loaded is one of them. */
export function foundIn({ testResults }) {
  const tests = testResults.flatMap(({ status, name, message, assertionResults }) =>
    status === 'failed' && assertionResults.length === 0
      ? [{ status, fullName: name, failureMessages: [message], meta: {} }]
      : assertionResults,
  );
  const rows = tests.flatMap(({ status, meta }) => (meta.row === undefined || status !== 'passed' ? [] : [meta.row]));
  const missing = numbers.filter((number) => later[number] === undefined && !rows.some(({ row }) => row === number));
  return { rows, missing, failed: tests.filter(({ status }) => status !== 'passed') };
}

export const exitCodeOf = ({ rows, missing, failed }) => (rows.length > 0 && missing.length + failed.length === 0 ? 0 : 1);
