import { error } from './rule.ts';

/** What `check` reports: names, types, ranges, shapes. */
export const CHECK = {
  'name-unknown': error<{ name: string; known?: string }>(
    (p) => `unknown name \`${p.name}\``,
    (p) => (p.known === undefined ? undefined : `did you mean \`${p.known}\`?`),
  ),
} as const;
