import { z } from 'zod';
import { fromDiff } from '../codegen/space/config.ts';
import type { Config, Space } from '../codegen/space/space.ts';

/** Proposals of an answer: those that are configs of the space, and why the others are not. */
export interface Proposals {
  readonly configs: readonly Config[];
  readonly proposed: number;
  readonly rejected: readonly string[];
}

const answer = z.object({ configs: z.array(z.object({ changes: z.unknown(), why: z.string().optional() })) });

/** Proposals beyond this many in one answer are not looked at. */
const MOST = 40;

/**
 * The first JSON object of an answer that has a list `configs`: bare, fenced or within prose. A proposal that names an unknown parameter or a value outside
 * of its domain, or breaks a constraint, is rejected with the reason, never mended.
 */
export function readAnswer(space: Space, text: string): Proposals | { readonly problem: string } {
  for (const json of objects(text)) {
    const parsed = answer.safeParse(json);
    if (!parsed.success) continue;
    const listed = parsed.data.configs.slice(0, MOST);
    const read = listed.map((c) => fromDiff(space, c.changes));
    return {
      proposed: parsed.data.configs.length,
      configs: read.flatMap((r) => (r.ok ? [r.config] : [])),
      rejected: read.flatMap((r) => (r.ok ? [] : [r.reasons.map((x) => x.message).join('; ')])),
    };
  }
  return { problem: text.trim() === '' ? 'is empty' : 'holds no JSON object with a list `configs`' };
}

/** JSON objects in a text, outermost ones, from left to right. */
function* objects(text: string): Generator<unknown, void> {
  for (let at = text.indexOf('{'); at >= 0; at = text.indexOf('{', at + 1)) {
    const end = closing(text, at);
    if (end === undefined) continue;
    try {
      yield JSON.parse(text.slice(at, end + 1));
      at = end;
    } catch {
      // Braces of prose or code: the next one may begin an object.
    }
  }
}
function closing(text: string, from: number): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '{') depth++;
    else if (c === '}' && --depth === 0) return i;
  }
  return undefined;
}
