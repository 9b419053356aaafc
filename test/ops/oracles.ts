import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Oracle, Oracles } from './call.ts';

const FOLDER = new URL('./oracles/', import.meta.url);

/** All oracles of the folder, by operator. */
export async function allOracles(): Promise<ReadonlyMap<string, Oracle>> {
  const found = new Map<string, Oracle>();
  for (const file of readdirSync(fileURLToPath(FOLDER)).sort()) {
    const { oracles } = (await import(new URL(file, FOLDER).href)) as { readonly oracles: Oracles };
    for (const [name, oracle] of Object.entries(oracles)) {
      if (found.has(name)) throw new Error(`two oracles for ${name}`);
      found.set(name, oracle);
    }
  }
  return found;
}
