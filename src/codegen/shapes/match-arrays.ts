import { diagnostic } from '../../diagnostics/diagnostic.ts';
import * as b from '../ir/build.ts';
import { printExpr } from '../ir/print.ts';
import type { Expr } from '../ir/stage.ts';
import { simplify } from '../passes/simplify.ts';
import { visit } from '../ir/walk.ts';
import type { Binding, Given } from './bind-shapes.ts';
import type { ArrayAxis, DeclaredTensor } from './declared.ts';
import { evalSize } from './eval-size.ts';
import type { SizeEnv } from './eval-size.ts';

/** An extent that was found in an array, and what the signature says it is. */
interface Found {
  readonly tensor: string;
  readonly axis: number;
  readonly extent: number;
  readonly declared: ArrayAxis;
  readonly element: number | undefined;
}

/** Finds dims in the shapes of arrays, each from the first extent that leaves it as the only unknown; then checks every extent. */
export function matchArrays(
  x: Binding,
  tensors: readonly DeclaredTensor[],
  arrays: NonNullable<Given['arrays']>,
): void {
  const found = tensors.flatMap((t) => extentsOf(x, t, arrays[t.name]));
  if (x.problems.length > 0) return;
  // Each round finds at least one dim or ends: a factor may wait for a dim of a later array.
  for (let more = true; more;) more = found.map((f) => solve(x, f)).some(Boolean);
  if (x.problems.length === 0) for (const f of found) check(x, f);
}

function extentsOf(
  x: Binding,
  t: DeclaredTensor,
  given: NonNullable<Given['arrays']>[string] | undefined,
): readonly Found[] {
  if (given === undefined) return [];
  if (t.list === undefined)
    return oneArray(
      x,
      t,
      given.filter((n) => typeof n === 'number'),
      undefined,
    );
  const shapes = given.filter((n) => typeof n !== 'number');
  const count = evalSize(t.list, x.env);
  if (count !== undefined && count !== shapes.length) {
    x.problems.push(diagnostic('shape-list', { tensor: t.name, found: shapes.length, wanted: count }));
    return [];
  }
  return shapes.flatMap((s, element) => oneArray(x, t, s, element));
}

function oneArray(
  x: Binding,
  t: DeclaredTensor,
  shape: readonly number[],
  element: number | undefined,
): readonly Found[] {
  const pack = t.axes.findIndex((a) => a.kind === 'pack');
  // Rows may be passed without their bytes axis, as an array of records.
  const axes =
    t.axes.at(-1)?.kind === 'bytes' && shape.length === t.axes.length - 1 && pack < 0 ? t.axes.slice(0, -1) : t.axes;
  const spare = shape.length - axes.length;
  if (pack < 0 ? spare !== 0 : spare < -1) {
    const wanted = pack < 0 ? String(axes.length) : `at least ${axes.length - 1}`;
    x.problems.push(diagnostic('shape-rank', { tensor: t.name, found: shape.length, wanted }));
    return [];
  }
  const bad = shape.find((n) => !Number.isSafeInteger(n) || n < 0);
  if (bad !== undefined) x.problems.push(diagnostic('shape-value', { name: t.name, value: String(bad) }));
  let next = 0;
  const found = axes.map((declared, axis): Found => {
    const n = declared.kind === 'pack' ? spare + 1 : 1;
    const extent = shape.slice(next, next + n).reduce((p, q) => p * q, 1);
    next += n;
    return { tensor: t.name, axis, extent, declared, element };
  });
  const [first] = found;
  // Offsets have one entry for each row and one more.
  const rows: ArrayAxis[] = t.rows === undefined ? [] : [{ kind: 'dense', factors: [b.ix.add(t.rows, b.int(1))] }];
  return first === undefined ? found : [...found, ...rows.map((declared) => ({ ...first, declared }))];
}

const envOf = (x: Binding, f: Found): SizeEnv =>
  f.element === undefined ? x.env : { ...x.env, axis: () => f.element };

/** Binds the one factor of an extent that is a bare dim without a value; true if it did. */
function solve(x: Binding, f: Found): boolean {
  const { declared } = f;
  if (declared.kind === 'pack') return bind(x, f, declared.dim, f.extent);
  if (declared.kind === 'bytes') return solveLinear(x, f, declared.extent);
  if (declared.kind === 'rows') return false;
  const values = declared.factors.map((e) => evalSize(e, envOf(x, f)));
  const open = values.flatMap((v, k) => (v === undefined ? [k] : []));
  const unknown = declared.factors[open[0] ?? -1];
  if (declared.factors.length === 1 && unknown !== undefined && unknown.kind !== 'dim')
    return solveLinear(x, f, unknown);
  if (open.length !== 1 || unknown?.kind !== 'dim') return false;
  const known = values.reduce<number>((p, v) => p * (v ?? 1), 1);
  if (known === 0 ? f.extent !== 0 : f.extent % known !== 0) {
    x.problems.push(diagnostic('shape-divide', { tensor: f.tensor, axis: f.axis, extent: f.extent, by: known }));
    return false;
  }
  // With a factor of 0 any value will do; 0 is the one that needs no memory.
  return bind(x, f, unknown.id, known === 0 ? 0 : f.extent / known);
}
function bind(x: Binding, f: Found, id: string, value: number): boolean {
  const listed = x.op.dims.find((d) => d.id === id)?.perElement !== undefined;
  if (listed && f.element !== undefined) {
    const list = x.perElement.get(id) ?? [];
    if (list[f.element] !== undefined) return false;
    list[f.element] = value;
    x.perElement.set(id, list);
    return true;
  }
  if (x.dims.has(id)) return false;
  x.dims.set(id, value);
  return true;
}
/** An extent such as `B + 1`, or the bytes of a row, that is linear in one unknown dim: two evaluations give its factor. */
function solveLinear(x: Binding, f: Found, extent: Expr): boolean {
  const open = new Set<string>();
  visit(extent, (e) => void (e.kind === 'dim' && !x.dims.has(e.id) && open.add(e.id)));
  const [id] = open;
  if (id === undefined || open.size > 1 || evalSize(extent, envOf(x, f)) !== undefined) return false;
  const at = (v: number): number | undefined =>
    evalSize(extent, { ...envOf(x, f), dim: (k, e) => (k === id ? v : x.env.dim(k, e)) });
  const [base, one, two] = [at(0), at(1), at(2)];
  if (base === undefined || one === undefined || two === undefined || two - one !== one - base || one <= base)
    return false;
  const step = one - base;
  if (f.extent < base || (f.extent - base) % step !== 0) {
    x.problems.push(diagnostic('shape-divide', { tensor: f.tensor, axis: f.axis, extent: f.extent - base, by: step }));
    return false;
  }
  return bind(x, f, id, (f.extent - base) / step);
}

function check(x: Binding, f: Found): void {
  const { declared } = f;
  const factors = declared.kind === 'dense' ? declared.factors : declared.kind === 'pack' ? [] : [declared.extent];
  const values = declared.kind === 'pack' ? [x.dims.get(declared.dim)] : factors.map((e) => evalSize(e, envOf(x, f)));
  if (values.some((v) => v === undefined)) return;
  const wanted = values.reduce<number>((p, v) => p * (v ?? 1), 1);
  if (wanted === f.extent) return;
  const size = declared.kind === 'pack' ? `*${declared.dim}` : factors.map((e) => printExpr(simplify(e))).join(' * ');
  x.problems.push(diagnostic('shape-differs', { tensor: f.tensor, axis: f.axis, extent: f.extent, wanted, size }));
}
