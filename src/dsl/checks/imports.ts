import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { FnDecl, Import, Module, OpDecl } from '../ast.ts';
import { parse } from '../parse.ts';
import { nearest } from './names.ts';

/** Finds an imported file: `from` as written, `importer` the file that names it. `file` identifies it, whatever path led there. */
export type Loader = (from: string, importer: string) => { readonly file: string; readonly text: string } | undefined;

interface Names {
  readonly fns: Map<string, FnDecl>;
  readonly ops: Map<string, OpDecl>;
  /** Names whose import failed. */
  readonly missing: Set<string>;
}
/** A module and all it imports. */
export interface Gathered {
  /** Names that each file sees: its own and its imports. */
  readonly scopes: ReadonlyMap<string, Names>;
  /** What each file declares, in order; imported files first. */
  readonly declared: ReadonlyMap<string, { readonly fns: readonly FnDecl[]; readonly ops: readonly OpDecl[] }>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the imports of a module, and theirs; cycles, missing files and missing names are reported. */
export function gather(module: Module, load?: Loader): Gathered {
  const scopes = new Map<string, Names>();
  const declared = new Map<string, { fns: readonly FnDecl[]; ops: readonly OpDecl[] }>();
  const diagnostics: Diagnostic[] = [];
  const open: string[] = [];
  const visit = (m: Module, file: string): Names => {
    const names: Names = { fns: new Map(), ops: new Map(), missing: new Set() };
    scopes.set(file, names);
    open.push(file);
    const fns = m.items.flatMap((i) => (i.kind === 'fn' ? [i] : []));
    const ops = m.items.flatMap((i) => (i.kind === 'op' ? [i] : []));
    for (const i of m.items) if (i.kind === 'import') bring(i, file, names);
    for (const d of [...fns, ...ops].toSorted((a, b) => a.span.start - b.span.start)) {
      const before = d.kind === 'fn' ? names.fns.get(d.name.name) : names.ops.get(d.name.name);
      const other = before ?? names.ops.get(d.name.name) ?? names.fns.get(d.name.name);
      if (other !== undefined) {
        diagnostics.push(
          diagnostic(
            'name-taken',
            { name: d.name.name, what: d.kind === 'fn' ? 'a function' : 'an operator' },
            d.name.span,
            { related: [{ message: `\`${d.name.name}\` is declared here`, span: other.name.span }] },
          ),
        );
        continue;
      }
      if (d.kind === 'fn') names.fns.set(d.name.name, d);
      else names.ops.set(d.name.name, d);
    }
    open.pop();
    declared.set(file, { fns, ops });
    return names;
  };
  const bring = (i: Import, importer: string, into: Names): void => {
    const found = load?.(i.from, importer);
    if (found === undefined) {
      diagnostics.push(diagnostic('import-missing', { from: i.from }, i.span));
      for (const n of i.names) into.missing.add(n.name);
      return;
    }
    if (open.includes(found.file)) {
      diagnostics.push(
        diagnostic('import-cycle', { files: [...open.slice(open.indexOf(found.file)), found.file] }, i.span),
      );
      for (const n of i.names) into.missing.add(n.name);
      return;
    }
    let names = scopes.get(found.file);
    if (names === undefined) {
      const parsed = parse(found.text, found.file);
      diagnostics.push(...parsed.diagnostics);
      names = visit(parsed.module, found.file);
    }
    const own = declared.get(found.file);
    for (const n of i.names) {
      const fn = own?.fns.find((f) => f.name.name === n.name);
      const op = own?.ops.find((o) => o.name.name === n.name);
      if (into.fns.has(n.name) || into.ops.has(n.name))
        diagnostics.push(diagnostic('name-taken', { name: n.name, what: 'an import' }, n.span));
      else if (fn !== undefined) into.fns.set(n.name, fn);
      else if (op !== undefined) into.ops.set(n.name, op);
      else {
        const known = nearest(
          n.name,
          [...(own?.fns ?? []), ...(own?.ops ?? [])].map((d) => d.name.name),
        );
        diagnostics.push(
          diagnostic('import-name', { name: n.name, from: i.from, ...(known === undefined ? {} : { known }) }, n.span),
        );
      }
    }
  };
  visit(module, module.span.file);
  return { scopes, declared, diagnostics };
}
