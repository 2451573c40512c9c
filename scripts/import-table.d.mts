interface Row {
  readonly folder: string;
  readonly values: readonly string[];
  readonly types: readonly string[];
}

export const importTable: readonly Row[];
export const adapterVendors: Readonly<Record<string, readonly string[]>>;
export function rowOf(path: string): Row | undefined;
