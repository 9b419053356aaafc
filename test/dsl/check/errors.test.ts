import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHECK } from '../../../src/diagnostics/catalog-check.ts';
import { check } from '../../../src/dsl/check.ts';
import type { Loader } from '../../../src/dsl/check.ts';
import { parse } from '../../../src/dsl/parse.ts';
import { examplesOf, say } from '../../diagnostics/examples.ts';

const folder = new URL('../../errors/', import.meta.url);
const load: Loader = (from) => {
  const at = new URL(from, folder);
  return existsSync(at) ? { file: from, text: readFileSync(at, 'utf8') } : undefined;
};
const codes = Object.keys(CHECK);

describe('rules of the checker', () => {
  it('each has an example', () => expect(codes.filter((code) => examplesOf(code).length === 0)).toEqual([]));

  const examples = codes.flatMap((code) => examplesOf(code).map((file) => [file, code] as const));
  it.each(examples)('%s breaks this rule and no other', async (file, code) => {
    const said = say(file, (text, name) => {
      const parsed = parse(text, name);
      return [...parsed.diagnostics, ...check(parsed.module, load).diagnostics];
    });
    expect(said.diagnostics.map((d) => d.code)).toEqual([code]);
    const [d] = said.diagnostics;
    // A place in the file to point at, and a message of one line without a full stop.
    expect(d?.span?.file).toBe(file);
    expect(d?.span?.end).toBeGreaterThan(d?.span?.start ?? 0);
    expect(d?.message).not.toMatch(/\n|\.$/);
    await expect(said.text).toMatchFileSnapshot(said.pinned);
  });
});
