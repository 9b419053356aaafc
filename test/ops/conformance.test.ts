import { describe, expect, it } from 'vitest';
import { format } from '../../src/dsl/print.ts';
import { caseOf } from '../../src/verify/fixed-case.ts';
import { atShape, entriesOf, files, libraryFile, showNote, source } from './library.ts';

/** Operators about which no property says more than their definition does, and why. */
const WITHOUT_PROPERTY: Readonly<Record<string, string>> = {
  adamw: 'all of its results are updates in place: no expression can name the values of before beside those of after',
};

describe.each(files)('%s', (file) => {
  const entries = entriesOf(file);
  it('checks without a warning', () => {
    expect(libraryFile(file).diagnostics.map((d) => `${d.code}: ${d.message}`)).toEqual([]);
    expect(entries.length).toBeGreaterThan(0);
  });
  it('formats to itself', () => expect(format(source(file), file).text).toEqual(source(file)));
  describe.each(entries.map((e) => [e.op.name, e] as const))('%s', (name, entry) => {
    it('says what it is, where it comes from, and at which shapes to run it', () => {
      expect(entry.notes.text).toMatch(/^[A-Z].{15,}\.$/s);
      expect(entry.notes.source ?? '').toMatch(/^.{10,}\.$/);
      expect(entry.notes.shapes.length).toBeGreaterThan(0);
    });
    it('declares what holds for its results', () => {
      const declared = entry.op.decl.body.some((s) => s.kind === 'property');
      expect([name, declared]).toEqual([name, WITHOUT_PROPERTY[name] === undefined]);
    });
    it.each(entry.notes.shapes.map((s) => [showNote(s), s] as const))('can be called at %s', (_, note) => {
      const chosen = atShape(entry, note);
      const made = caseOf(chosen.graph, { sizes: chosen.sizes, scalars: chosen.scalars, seed: 1 });
      expect(made.ok ? [] : made.problems.map((p) => p.message)).toEqual([]);
    });
  });
});
