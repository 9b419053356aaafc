/** `6.93 ms`; three digits. */
export function showNs(ns: number): string {
  if (!Number.isFinite(ns)) return 'no time';
  const [by, unit] = ns >= 1e9 ? [1e9, 's'] : ns >= 1e6 ? [1e6, 'ms'] : ns >= 1e3 ? [1e3, 'µs'] : [1, 'ns'];
  return `${Number((ns / by).toPrecision(3))} ${unit}`;
}
export const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
