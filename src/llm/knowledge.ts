import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The pages that come with the package: a folder for each family of targets. */
const OWN = fileURLToPath(new URL('../../knowledge/', import.meta.url));
/** Pages and characters that a prompt has room for. */
const MOST_PAGES = 4;
const MOST_CHARACTERS = 8000;

/**
 * Pages for a target and the patterns of its kernels: those whose first line `patterns: a, b` names one of them, or `all`. Private pages, of `dir`, come
 * first. A page is reference material for the prompt; nothing in it is followed here.
 */
export function pagesFor(family: string, patterns: readonly string[], dir?: string): readonly string[] {
  const folders = [...(dir === undefined ? [] : [dir]), join(OWN, family)];
  const pages = folders.flatMap((folder) =>
    markdown(folder).flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const [head, list = 'all'] = /^patterns:(.*)/.exec(text) ?? [''];
      const named = list.split(',').map((p) => p.trim());
      const suits = named.includes('all') || named.some((p) => patterns.includes(p));
      return suits ? [text.slice(head.length).trim()] : [];
    }),
  );
  return pages.slice(0, MOST_PAGES).map((p) => p.slice(0, MOST_CHARACTERS));
}

function markdown(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((f) => f.endsWith('.md'))
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
