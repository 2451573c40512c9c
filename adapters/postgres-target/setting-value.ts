const memory = { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };
const time = { us: 1, ms: 1e3, s: 1e6, min: 60e6, h: 3_600e6, d: 86_400e6 };
const units: Readonly<Record<string, number>> = { ...memory, ...time };

const yes = ['on', 'true', 'yes', '1'];
const no = ['off', 'false', 'no', '0'];

/** How pg_settings shows a value that was written so: `64MB` in units of 8kB is 8192. Undefined for what can't be one. */
export function shownAs(
  written: string,
  { vartype, unit }: { readonly vartype: string; readonly unit: string | null },
): string | undefined {
  const text = written.trim();
  switch (vartype) {
    case 'bool':
      return yes.includes(text.toLowerCase()) ? 'on' : no.includes(text.toLowerCase()) ? 'off' : undefined;
    case 'integer':
      return amountOf(text, unit, Math.round);
    case 'real':
      return amountOf(text, unit, (amount) => amount);
    case 'enum':
      return text.toLowerCase();
    default:
      return written;
  }
}

function amountOf(text: string, unit: string | null, rounded: (amount: number) => number): string | undefined {
  const [, number, suffix = ''] = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([A-Za-z]*)$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  const scale = suffix === '' ? 1 : scaleOf(suffix, unit);
  return scale === undefined ? undefined : String(rounded(Number(number) * scale));
}

/** The catalogue's unit may be a multiple: `8kB`. */
function scaleOf(suffix: string, unit: string | null): number | undefined {
  const [, times = '', base = ''] = /^(\d*)(\w+)$/.exec(unit ?? '') ?? [];
  const [from, to] = [units[suffix], units[base]];
  if (from === undefined || to === undefined || suffix in memory !== base in memory) return undefined;
  return from / (to * Number(times || '1'));
}
