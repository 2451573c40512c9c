/** What the shop reads from its configuration file when it starts, and only then. */
export interface ShopConfig {
  readonly port: number;
  readonly table: string;
  readonly database: { readonly port: number; readonly name: string; readonly user: string; readonly password: string };
}

/** Status code and body. */
export type Answer = readonly [number, string];
