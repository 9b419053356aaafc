import { createHash } from 'node:crypto';
import type { Emitted } from '../codegen/program.ts';

/** Identity of emitted code: comments and the entry's name do not count, so configs that differ only there are one. */
export function sourceHash(emitted: Emitted): string {
  const code = [...emitted.helpers.map((h) => h.text), emitted.body]
    .join('\n')
    .replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
    .replaceAll(emitted.entry, '@');
  return createHash('sha256').update(code).digest('hex').slice(0, 24);
}
