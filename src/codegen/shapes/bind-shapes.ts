import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { TOp } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import type { Expr } from '../ir/stage.ts';
import { visit } from '../ir/walk.ts';
import type { Consts } from '../lower/params.ts';
import { lowerExpr, EMPTY } from '../lower/scope.ts';
import { printExpr } from '../ir/print.ts';
import { simplify } from '../passes/simplify.ts';
import { declaredTensors } from './declared.ts';
import type { DeclaredTensor } from './declared.ts';
import { evalSize } from './eval-size.ts';
import type { SizeEnv } from './eval-size.ts';
import { matchArrays } from './match-arrays.ts';

/** What is known about one call. Any of it may be left out as long as every dim follows. */
export interface Given {
  /** By name: dims, packs (their product), and integer parameters that are sizes. A dim with one value per list element takes a list. */
  readonly dims?: Readonly<Record<string, number | readonly number[]>>;
  /** Shapes of arrays by parameter; for a list, one shape for each of its tensors. */
  readonly arrays?: Readonly<Record<string, readonly number[] | readonly (readonly number[])[]>>;
  /** Elements of offsets, for sizes that count the items of a ragged axis. */
  readonly read?: SizeEnv['read'];
}
/** All dims of a call. `env` evaluates any size of the graph under them. */
export interface Shapes {
  readonly dims: Readonly<Record<string, number>>;
  readonly perElement: Readonly<Record<string, readonly number[]>>;
  readonly scalars: Readonly<Record<string, number>>;
  readonly env: SizeEnv;
}
export type BoundShapes =
  { readonly ok: true; readonly shapes: Shapes } | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Values while they are being found. */
export interface Binding {
  readonly op: TOp;
  readonly dims: Map<string, number>;
  readonly perElement: Map<string, (number | undefined)[]>;
  readonly scalars: Map<string, number>;
  readonly env: SizeEnv;
  readonly problems: Diagnostic[];
}
const MOST = 2 ** 53;

/** The values of all dims of an operator, from names and array shapes; every check of its signature that can be made on them. */
export function bindShapes(op: TOp, consts: Consts, given: Given): BoundShapes {
  const x = newBinding(op, given);
  const { env, tensors, refusals } = declaredTensors(op, consts);
  if (refusals.length > 0) return { ok: false, diagnostics: refusals };
  const size = (e: Parameters<typeof lowerExpr>[2]): Expr => simplify(b.convert('i64', lowerExpr(env, EMPTY, e)));
  takeNames(x, consts, given);
  if (x.problems.length === 0) matchArrays(x, tensors, given.arrays ?? {});
  for (const d of op.dims) {
    if (d.source.kind !== 'derived') {
      if (x.problems.length === 0 && !x.dims.has(d.id) && !x.perElement.has(d.id))
        x.problems.push(diagnostic('shape-missing', { dim: d.id, like: `${d.id}=128` }, d.span));
      continue;
    }
    const e = size(d.source.size);
    const value = evalSize(e, x.env);
    if (value === undefined) continue;
    if (value < 0)
      x.problems.push(
        diagnostic(
          'shape-negative',
          { what: `dim \`${d.id}\` = ${printExpr(e)}`, value, from: mentioned(e, x) },
          d.span,
        ),
      );
    const named = x.dims.get(d.id);
    if (named !== undefined && named !== value)
      x.problems.push(
        diagnostic(
          'shape-fact',
          { text: `${d.id} == ${printExpr(e)}`, with: `${d.id} = ${named}, ${mentioned(e, x)}` },
          d.span,
        ),
      );
    x.dims.set(d.id, value);
  }
  if (x.problems.length === 0) checkFacts(x, op, (e) => simplify(lowerExpr(env, EMPTY, e)));
  if (x.problems.length === 0) for (const t of tensors) checkExtents(x, t);
  if (x.problems.length > 0) return { ok: false, diagnostics: x.problems };
  const perElement = Object.fromEntries([...x.perElement].map(([id, list]) => [id, list.map((v) => v ?? 0)]));
  return {
    ok: true,
    shapes: { dims: Object.fromEntries(x.dims), perElement, scalars: Object.fromEntries(x.scalars), env: x.env },
  };
}

function newBinding(op: TOp, given: Given): Binding {
  const dims = new Map<string, number>();
  const perElement = new Map<string, (number | undefined)[]>();
  const scalars = new Map<string, number>();
  const env: SizeEnv = {
    dim: (id, element) => (element === undefined ? dims.get(id) : (perElement.get(id)?.[element] ?? dims.get(id))),
    scalar: (name) => scalars.get(name),
    ...(given.read === undefined ? {} : { read: given.read }),
  };
  return { op, dims, perElement, scalars, env, problems: [] };
}

/** Names that a caller may give values to. */
function takeNames(x: Binding, consts: Consts, given: Given): void {
  const { op } = x;
  const ints = op.params.filter(
    (p) => p.mode === 'scalar' && p.type.elem.kind === 'scalar' && /^[iu]/.test(p.type.elem.dtype),
  );
  for (const p of ints) if (p.default !== undefined) x.scalars.set(p.name, Number(p.default));
  for (const [name, value] of Object.entries(given.dims ?? {})) {
    const d = op.dims.find((k) => k.id === name);
    const scalar = ints.some((p) => p.name === name);
    if (d === undefined && !scalar && !(name in consts)) {
      const has = [
        ...op.dims.map((k) => k.id),
        ...op.params.filter((p) => p.mode === 'const').map((p) => p.name),
        ...ints.map((p) => p.name),
      ];
      x.problems.push(
        diagnostic('shape-name', { name, op: op.name, has: has.map((k) => `\`${k}\``).join(', ') }, op.span),
      );
      continue;
    }
    const all = typeof value === 'number' ? [value] : value;
    const bad = all.find((v) => !Number.isSafeInteger(v) || (v < 0 && !scalar));
    if (bad !== undefined) x.problems.push(diagnostic('shape-value', { name, value: String(bad) }, d?.span ?? op.span));
    else if (scalar && typeof value === 'number') x.scalars.set(name, value);
    else if (d?.perElement !== undefined && typeof value !== 'number') x.perElement.set(name, [...value]);
    else if (d !== undefined && typeof value === 'number') x.dims.set(name, value);
  }
}

function checkFacts(x: Binding, op: TOp, lowered: (e: TOp['facts'][number]['cond']) => Expr): void {
  for (const f of op.facts) {
    const cond = lowered(f.cond);
    if (evalSize(cond, x.env) === 0)
      x.problems.push(diagnostic('shape-fact', { text: f.text, with: mentioned(cond, x) }, f.span));
  }
}

/** No extent may be negative, and no tensor may have more elements than a double counts exactly. */
function checkExtents(x: Binding, t: DeclaredTensor): void {
  const span = [...x.op.params, ...x.op.results].find((p) => p.name === t.name)?.span;
  const count = t.list === undefined ? 1 : (evalSize(t.list, x.env) ?? 0);
  if (count < 0)
    x.problems.push(
      diagnostic('shape-negative', { what: `the length of list \`${t.name}\``, value: count, from: '' }, span),
    );
  for (let element = 0; element < count; element++) {
    const env: SizeEnv = { ...x.env, axis: () => element };
    let total = 1;
    for (const [k, a] of t.axes.entries()) {
      const extents = a.kind === 'pack' ? [b.dim(a.dim)] : a.kind === 'dense' ? a.factors : [a.extent];
      for (const e of extents) {
        const n = evalSize(e, env);
        if (n === undefined) continue;
        if (n < 0) {
          x.problems.push(
            diagnostic(
              'shape-negative',
              { what: `axis ${k} of \`${t.name}\` (${printExpr(simplify(e))})`, value: n, from: mentioned(e, x) },
              span,
            ),
          );
          return;
        }
        total *= n;
      }
    }
    if (total > MOST) {
      x.problems.push(diagnostic('shape-large', { what: `\`${t.name}\``, value: total.toExponential(2) }, span));
      return;
    }
  }
}

/** `N = 3, M = 4`: the values behind an expression. */
export function mentioned(e: Expr, x: Binding): string {
  const seen = new Map<string, number | undefined>();
  visit(e, (s) => {
    if (s.kind === 'dim' && s.list === undefined) seen.set(s.id, x.dims.get(s.id));
    if (s.kind === 'scalar') seen.set(s.name, x.scalars.get(s.name));
  });
  return [...seen].flatMap(([name, v]) => (v === undefined ? [] : [`${name} = ${v}`])).join(', ');
}
