import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Emitted } from '../../codegen/program.ts';
import type { SimtArch } from './family.ts';

/** Writes a text where a vendor's compiler reads it, under a name that stands for all that goes in; the path without the extension. */
export function writeDraft(
  emitted: Emitted,
  arch: SimtArch,
  compiler: string,
  extension: string,
  outDir: string,
): string {
  const key = createHash('sha256').update(emitted.text).update(arch.name).update(compiler).digest('hex').slice(0, 24);
  mkdirSync(outDir, { recursive: true });
  const base = join(outDir, key);
  writeFileSync(`${base}.${extension}`, emitted.text);
  return base;
}
