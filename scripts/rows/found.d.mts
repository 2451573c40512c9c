interface Test {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages?: readonly string[];
  readonly meta: { readonly row?: { readonly row: number; readonly title: string; readonly told: readonly object[] } };
}

export interface Found {
  readonly rows: readonly NonNullable<Test['meta']['row']>[];
  readonly missing: readonly number[];
  readonly failed: readonly Test[];
}

export const numbers: readonly number[];
export const later: Readonly<Record<number, string>>;
export function foundIn(report: {
  readonly testResults: readonly {
    readonly status: string;
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly Test[];
  }[];
}): Found;
export function exitCodeOf(found: Found): 0 | 1;
