import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import type { Expr, FnDecl, Item, OpDecl } from './ast.ts';
import { isReducer } from './words.ts';

/** Longest path from a declaration to a leaf of its tree; later stages recurse on it. A chain `a + b + …` counts its terms. */
export const MOST_DEPTH = 500;

/** Places of the tree whose expression may be a tuple: indices and axes. */
type Place = 'index' | 'value';
interface Visit {
  readonly node: object;
  readonly depth: number;
  readonly place: Place;
  /** Of the innermost expression. */
  readonly span: Span;
}

/** Rules of form that the grammar does not hold, and the declarations that keep them: depth, tuples outside of indices, reducers called as functions. */
export function checkSyntax(items: readonly Item[]): {
  readonly items: readonly Item[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const operators = new Set(items.flatMap((i) => (i.kind === 'import' ? i.names.map((n) => n.name) : [i.name.name])));
  const found = items.map((item) => (item.kind === 'import' ? [] : checkItem(item, operators)));
  return { items: items.filter((_, i) => found[i]?.length === 0), diagnostics: found.flat() };
}

/** Walks without recursion: the depth is what is checked. */
function checkItem(item: OpDecl | FnDecl, operators: ReadonlySet<string>): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const todo: Visit[] = [{ node: item, depth: 0, place: 'value', span: item.name.span }];
  for (let visit = todo.pop(); visit !== undefined; visit = todo.pop()) {
    const { node, depth, place } = visit;
    const span = isExpr(node) ? node.span : visit.span;
    if (depth > MOST_DEPTH) return [diagnostic('syntax-deep', { most: MOST_DEPTH }, span)];
    if (isExpr(node)) found.push(...checkExpr(node, place, operators));
    for (const [key, child] of Object.entries(node)) {
      if (key === 'span' || typeof child !== 'object' || child === null) continue;
      const deeper = isExpr(node) ? depth + 1 : depth;
      for (const one of Array.isArray(child) ? child : [child]) {
        if (typeof one === 'object' && one !== null)
          todo.push({ node: one, depth: deeper, place: placeOf(node, key), span });
      }
    }
  }
  return found;
}

/** `x[clamp (a, b)]`, `x[(i, j)] = …`, `f32[(A, B)]`, `scatter add x[(a, b)]`, and what stands inside such a tuple. */
function placeOf(parent: object, key: string): Place {
  if (key === 'index' || key === 'parts') return 'index';
  const holds =
    (key === 'expr' && 'policy' in parent) || (key === 'size' && 'kind' in parent && parent.kind === 'size');
  return holds ? 'index' : 'value';
}

function checkExpr(e: Expr, place: Place, operators: ReadonlySet<string>): readonly Diagnostic[] {
  if (e.kind === 'tuple' && place !== 'index') return [diagnostic('syntax-tuple', {}, e.span)];
  if (e.kind !== 'call' || !isReducer(e.callee.name) || operators.has(e.callee.name)) return [];
  const pairwise = (e.callee.name === 'max' || e.callee.name === 'min') && e.args.length !== 1;
  return pairwise ? [] : [diagnostic('syntax-reducer', { name: e.callee.name }, e.callee.span)];
}

// prettier-ignore
const KINDS: Readonly<Record<Expr['kind'], true>> = {
  int: true, float: true, const: true, if: true, binary: true, unary: true, cast: true, guard: true, strict: true, tuple: true, paren: true, call: true,
  reduce: true, access: true,
};
/** Left sides share the kinds `int` and `tuple`; they are told apart by where they hang. */
function isExpr(node: object): node is Expr {
  return 'kind' in node && typeof node.kind === 'string' && node.kind in KINDS;
}
