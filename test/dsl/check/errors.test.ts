import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { report } from '../../../src/diagnostics/report.ts';
import { CHECK } from '../../../src/diagnostics/catalog-check.ts';
import { check } from '../../../src/dsl/check.ts';
import type { Loader } from '../../../src/dsl/check.ts';
import { parse } from '../../../src/dsl/parse.ts';

const folder = new URL('../../errors/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
const load: Loader = (from) => (existsSync(new URL(from, folder)) ? { file: from, text: read(from) } : undefined);

describe('rules of the checker', () => {
  it('each has an example', () => {
    const examples = new Set(readdirSync(folder));
    expect(Object.keys(CHECK).filter((code) => !examples.has(`${code}.ktune`))).toEqual([]);
  });

  it.each(Object.keys(CHECK))('%s: its example breaks this rule and no other', async (code) => {
    const file = `${code}.ktune`;
    const parsed = parse(read(file), file);
    const found = [...parsed.diagnostics, ...check(parsed.module, load).diagnostics];
    expect(found.map((d) => d.code)).toEqual([code]);
    const [d] = found;
    // A place to point at, a message of one line without a full stop, and a span within the file.
    expect(d?.span?.file).toBe(file);
    expect(d?.message).not.toMatch(/\n|\.$/);
    expect(d?.span?.end).toBeGreaterThan(d?.span?.start ?? 0);
    await expect(report(found, new Map([[file, read(file)]]))).toMatchFileSnapshot(`../../errors/${code}.txt`);
  });
});
