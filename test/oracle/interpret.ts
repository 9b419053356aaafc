import { assertNever, must } from '../../src/assert.ts';
import type { DType } from '../../src/dsl/dtypes.ts';
import { DTYPES } from '../../src/dsl/dtypes.ts';
import type { TAxis, TExpr, TIndex, TLhs, TOp, TReduce, TStmt, TTarget, TTensor, TVar } from '../../src/dsl/typed.ts';
import { getAt, setAt, zeros } from '../../src/codegen/numeric/tensor.ts';
import type { Tensor } from '../../src/codegen/numeric/tensor.ts';
import { binaryOp, builtin, castTo, convertTo, num } from './numbers.ts';
import type { Value } from './numbers.ts';

/** Nothing is there: outside of a guarded range, or of a let's domain. */
class Absent extends Error {}
type Vars = ReadonlyMap<string, bigint>;
type Locals = ReadonlyMap<string, () => Value>;
interface At {
  readonly vars: Vars;
  readonly locals: Locals;
  readonly elem?: number;
}
/** Elements by row-major position (declared tensors) or by index (lets). */
interface Store {
  readonly type?: TTensor;
  readonly dtype: DType;
  readonly cells: Map<string, Value>;
  /** Set while it is being redefined: what reads see. */
  readonly fixed?: Map<string, Value>;
  /** Lets: ranges of the last definition, to lay it out for a call. */
  axes?: readonly TLhs[];
}
interface Inputs {
  readonly dims: Readonly<Record<string, number | readonly number[]>>;
  readonly scalars?: Readonly<Record<string, Value>>;
  readonly buffers: Readonly<Record<string, Tensor | readonly Tensor[]>>;
}
const isTensor = (t: Tensor | readonly Tensor[]): t is Tensor => 'dtype' in t;

/**
 * Runs a typed operator as it reads: statement by statement, point by point, every rule of the language on the spot. Slow and simple on purpose,
 * and without a line in common with lowering, so that the two can be compared. Yields the cells of results and inouts by position.
 */
export function interpret(
  op: TOp,
  consts: Readonly<Record<string, Value>>,
  inputs: Inputs,
): ReadonlyMap<string, ReadonlyMap<string, Value>> {
  const params = new Map<string, Value>();
  for (const p of op.params) {
    if (p.mode !== 'scalar' && p.mode !== 'const') continue;
    const dtype = p.type.elem.kind === 'scalar' ? p.type.elem.dtype : 'u8';
    const given = p.mode === 'const' ? consts[p.name] : inputs.scalars?.[p.name];
    const v = must(given ?? p.default, p.name);
    params.set(p.name, castTo(dtype, DTYPES[dtype].group === 'int' && typeof v === 'number' ? BigInt(v) : v));
  }
  const stores = new Map<string, Store>();
  for (const p of op.params) {
    if (p.mode !== 'tensor' && p.mode !== 'inout') continue;
    const given = must(inputs.buffers[p.name], p.name);
    const cells = new Map<string, Value>();
    (isTensor(given) ? [given] : given).forEach((t, k) => load(p.type, t, isTensor(given) ? '' : `${k}:`, cells));
    const dtype = p.type.elem.kind === 'scalar' ? p.type.elem.dtype : 'u8';
    stores.set(
      p.name,
      p.mode === 'inout'
        ? { type: p.type, dtype, cells: new Map(cells), fixed: cells }
        : { type: p.type, dtype, cells },
    );
  }
  const dims = new Map<string, number | readonly number[]>(Object.entries(inputs.dims));
  run(op, params, stores, dims);
  const names = [...op.results.map((r) => r.name), ...op.params.filter((p) => p.mode === 'inout').map((p) => p.name)];
  return new Map(names.map((n) => [n, must(stores.get(n), n).cells]));
}

const asValue = (t: DType, v: number | bigint | boolean): Value =>
  DTYPES[t].group === 'int' && typeof v === 'number' ? BigInt(v) : v;
/** Adds the elements of an array to `cells`. */
export function load(type: TTensor, t: Tensor, prefix: string, cells: Map<string, Value>): void {
  if (type.elem.kind === 'scalar') {
    for (let i = 0; i < t.data.length; i++) cells.set(`${prefix}${i}`, asValue(t.dtype, getAt(t, i)));
    return;
  }
  // Rows: fields lie one behind the other; the extent of the only sized field follows from the row's bytes.
  const rowBytes = must(t.shape.at(-1), 'row bytes');
  const plain = type.elem.fields.filter((f) => f.axes.length === 0).reduce((n, f) => n + DTYPES[f.dtype].bytes, 0);
  const bytes = new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength);
  for (let r = 0; r * rowBytes < bytes.length; r++) {
    let at = r * rowBytes;
    for (const f of type.elem.fields) {
      const size = DTYPES[f.dtype].bytes;
      const n = f.axes.length === 0 ? 1 : (rowBytes - plain) / size;
      const field = zeros(f.dtype, [n]);
      new Uint8Array(field.data.buffer).set(bytes.subarray(at, at + n * size));
      for (let i = 0; i < n; i++) cells.set(`${prefix}${r}.${f.name}.${i}`, asValue(f.dtype, getAt(field, i)));
      at += n * size;
    }
  }
}

function run(
  op: TOp,
  params: ReadonlyMap<string, Value>,
  stores: Map<string, Store>,
  dims: Map<string, number | readonly number[]>,
): void {
  for (const r of op.results)
    if (!stores.has(r.name))
      stores.set(r.name, {
        type: r.type,
        dtype: r.type.elem.kind === 'scalar' ? r.type.elem.dtype : 'u8',
        cells: new Map(),
      });
  const top: At = { vars: new Map(), locals: new Map() };
  const ragged = (id: string): TOp['raggeds'][number] =>
    must(
      op.raggeds.find((r) => r.id === id),
      id,
    );
  const int = (e: TExpr, at: At): number => num(ev(e, at));

  function dimOf(id: string, elem: number | undefined): number {
    const v = dims.get(id);
    if (v === undefined) {
      const d = must(
        op.dims.find((x) => x.id === id),
        `dim ${id}`,
      );
      if (d.source.kind !== 'derived') throw new Error(`oracle: dim ${id}`);
      return int(d.source.size, top);
    }
    return typeof v === 'number' ? v : must(v[elem ?? 0], id);
  }
  const offset = (id: string, row: number, elem: number | undefined): number => {
    const r = ragged(id);
    const s = must(stores.get(r.offsets), r.offsets);
    return num(must(s.cells.get(`${r.listed ? `${elem}:` : ''}${row}`), `offset ${row} of ${id}`));
  };
  const factors = (a: TAxis, elem: number | undefined): readonly number[] => {
    const at: At = elem === undefined ? top : { ...top, elem };
    if (a.kind === 'dense') return a.factors.map((f) => int(f, at));
    if (a.kind === 'pack') return [dimOf(a.dim, elem)];
    if (a.kind === 'pairs') {
      const n = int(a.size, at);
      return [(n * (n - 1)) / 2];
    }
    throw new Error('oracle: ragged extent');
  };
  const extent = (a: TAxis, elem: number | undefined): number => factors(a, elem).reduce((x, y) => x * y, 1);
  const count = (axes: readonly TAxis[], elem: number | undefined): number =>
    axes.reduce((n, a) => (a.kind === 'ragged' ? offset(a.ragged, n, elem) : n * extent(a, elem)), 1);
  /** Row-major position of one index per axis; parts of composite axes and pairs are given together. */
  function position(axes: readonly TAxis[], parts: readonly (readonly number[])[], elem: number | undefined): number {
    let pos = 0;
    axes.forEach((a, k) => {
      const own = must(parts[k], 'index');
      if (a.kind === 'ragged') pos = offset(a.ragged, pos, elem) + must(own[0], 'item');
      else {
        let p = own[0] ?? 0;
        if (a.kind === 'pairs' && own.length === 2) {
          p = 0;
          const n = int(a.size, top);
          for (let f = 0; f < (own[0] ?? 0); f++) p += n - 1 - f;
          p += (own[1] ?? 0) - (own[0] ?? 0) - 1;
        } else if (own.length > 1) {
          const f = factors(a, elem);
          p = own.reduce((n, x, i) => n * (f[i] ?? 1) + x, 0);
        }
        pos = pos * extent(a, elem) + p;
      }
    });
    return pos;
  }
  /** Values of an index under its policies; undefined where it is clamped into nothing. */
  function indices(index: readonly TIndex[], at: At): (readonly number[])[] | undefined {
    let empty = false;
    const one = (p: Extract<TIndex, { kind: 'flat' }>['part']): number => {
      const v = int(p.value, at);
      const n = int(p.extent, at);
      if (p.policy === 'clamp') {
        if (n <= 0) empty = true;
        return Math.min(Math.max(v, 0), n - 1);
      }
      if (v >= 0 && v < n) return v;
      if (p.policy === 'guarded') throw new Absent();
      throw new Error(`oracle: index ${v} of ${n} is ${p.policy}`);
    };
    const out: (readonly number[])[] = [];
    for (const x of index) {
      if (x.kind === 'pair') {
        const [f, g] = [one(x.f), one(x.g)];
        if (f >= g) throw new Absent();
        out.push([f, g]);
      } else out.push(x.kind === 'flat' ? [one(x.part)] : x.parts.map(one));
    }
    // Other parts are judged first: a guard sees that nothing is in range.
    return empty ? undefined : out;
  }
  const zero = (e: TExpr): Value => (e.type === 'bool' ? false : e.type === 'f32' || e.type === 'f64' ? 0 : 0n);

  function access(e: Extract<TExpr, { kind: 'access' }>, at: At): Value {
    const s = must(stores.get(e.tensor), e.tensor);
    const elem = e.list === undefined ? undefined : int(e.list, at);
    const parts = indices(e.index, at);
    if (parts === undefined) return zero(e);
    let key =
      s.type === undefined
        ? parts.flat().join()
        : `${elem === undefined ? '' : `${elem}:`}${position(s.type.axes, parts, elem)}`;
    if (e.field !== undefined) {
      const inner = indices(e.field.index, at);
      if (inner === undefined) return zero(e);
      const axes =
        s.type?.elem.kind === 'row' ? (s.type.elem.fields.find((f) => f.name === e.field?.name)?.axes ?? []) : [];
      key += `.${e.field.name}.${position(axes, inner, elem)}`;
    }
    const v = (s.fixed ?? s.cells).get(key);
    if (v !== undefined) return v;
    if (s.type === undefined) throw new Absent();
    throw new Error(`oracle: ${e.tensor}[${key}] has no value`);
  }

  function ev(e: TExpr, at: At): Value {
    switch (e.kind) {
      case 'int':
        return e.type === 'f32' || e.type === 'f64' ? Number(e.value) : e.value;
      case 'float':
      case 'bool':
        return e.value;
      case 'dim':
        return convertTo(e.type, BigInt(dimOf(e.id, e.list === undefined ? at.elem : int(e.list, at))));
      case 'param':
        return must(params.get(e.name), e.name);
      case 'var':
        return must(at.vars.get(e.id), e.id);
      case 'local':
        return must(at.locals.get(e.id), e.id)();
      case 'let': {
        let known: Value | undefined;
        return ev(e.body, { ...at, locals: new Map(at.locals).set(e.id, () => (known ??= ev(e.value, at))) });
      }
      case 'len':
      case 'base': {
        const r = ragged(e.ragged);
        const elem = e.list === undefined ? at.elem : int(e.list, at);
        const parts = indices(e.at, at);
        if (parts === undefined) return 0n;
        const row = position(r.left, parts, elem);
        const start = offset(r.id, row, elem);
        return BigInt(e.kind === 'base' ? start : offset(r.id, row + 1, elem) - start);
      }
      case 'total': {
        const elem = e.list === undefined ? at.elem : int(e.list, at);
        return BigInt(offset(e.ragged, count(ragged(e.ragged).left, elem), elem));
      }
      case 'access':
        return access(e, at);
      case 'unary': {
        const a = ev(e.a, at);
        if (e.op === 'not') return a !== true;
        if (typeof a === 'bigint') return convertTo(e.type, e.op === 'neg' ? -a : ~a);
        return -num(a);
      }
      case 'binary': {
        const a = ev(e.a, at);
        if (e.op === 'and') return a === true && ev(e.b, at) === true;
        if (e.op === 'or') return a === true || ev(e.b, at) === true;
        return binaryOp(e.op, a, ev(e.b, at), e.a.type);
      }
      case 'call':
        return builtin(
          e.fn,
          e.args.map((x) => ev(x, at)),
          e.args[0]?.type ?? e.type,
        );
      case 'bitcast': {
        const from = zeros(e.a.type, [1]);
        setAt(from, 0, ev(e.a, at));
        const to = zeros(e.to, [1]);
        new Uint8Array(to.data.buffer).set(new Uint8Array(from.data.buffer));
        return asValue(e.to, getAt(to, 0));
      }
      case 'cast':
        // `near` may be left out.
        return e.to === 'tf32' || e.mode === 'near' ? ev(e.a, at) : castTo(e.to, ev(e.a, at));
      case 'convert':
        return convertTo(e.type, ev(e.a, at));
      case 'if':
        return ev(ev(e.cond, at) === true ? e.then : e.else, at);
      case 'guard':
        try {
          return ev(e.value, at);
        } catch (error) {
          if (error instanceof Absent) return ev(e.other, at);
          throw error;
        }
      case 'strict':
        return ev(e.a, at);
      case 'reduce':
        return reduce(e, at);
      default:
        return assertNever(e, 'oracle');
    }
  }

  function* points(vars: readonly TVar[], at: At): Generator<At> {
    const [v, ...rest] = vars;
    if (v === undefined) {
      yield at;
      return;
    }
    const hi = ev(v.hi, at);
    for (let i = BigInt(num(ev(v.lo, at))); i < BigInt(num(hi)); i++)
      yield* points(rest, { ...at, vars: new Map(at.vars).set(v.id, i) });
  }
  const holds = (e: TExpr | undefined, at: At): boolean => e === undefined || ev(e, at) === true;
  const present = (f: () => Value): Value | undefined => {
    try {
      return f();
    } catch (error) {
      if (error instanceof Absent) return undefined;
      throw error;
    }
  };

  function reduce(e: TReduce, at: At): Value {
    const items: { readonly v: Value; readonly flat: bigint; readonly first: bigint }[] = [];
    let flat = 0n;
    for (const p of points(e.vars, at)) {
      const v = present(() =>
        holds(e.where, p)
          ? ev(e.body, p)
          : ((): never => {
              throw new Absent();
            })(),
      );
      if (v !== undefined) items.push({ v, flat, first: must(p.vars.get(e.vars[0]?.id ?? ''), 'index') });
      flat++;
    }
    const nums = items.map((i) => num(i.v));
    const isFloat = e.type === 'f32' || e.type === 'f64';
    const fold = (op: 'add' | 'mul', start: number): Value =>
      isFloat
        ? nums.reduce((a, b) => (op === 'add' ? a + b : a * b), start)
        : items.reduce<Value>((a, i) => binaryOp(op, a, i.v, e.type), BigInt(start));
    const best = (beats: (a: Value, b: Value) => boolean): (typeof items)[number] | undefined => {
      const nan = items.find((i) => typeof i.v === 'number' && Number.isNaN(i.v));
      return items.reduce<(typeof items)[number] | undefined>(
        (m, i) => (m === undefined || beats(i.v, m.v) ? i : m),
        nan,
      );
    };
    // Positions of one index are its values; of several they are row-major over the whole ranges.
    const where = (i: (typeof items)[number] | undefined): bigint =>
      i === undefined ? -1n : e.vars.length === 1 ? i.first : i.flat;
    const peak = nums.reduce((a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b)), -Infinity);
    const limit = (top: boolean): Value => {
      if (isFloat) return top ? -Infinity : Infinity;
      const bits = BigInt(DTYPES[e.acc].bytes * 8);
      const signed = DTYPES[e.acc].signed;
      return top ? (signed ? -(1n << (bits - 1n)) : 0n) : (1n << (signed ? bits - 1n : bits)) - 1n;
    };
    switch (e.reducer) {
      case 'sum':
        return fold('add', 0);
      case 'prod':
        return fold('mul', 1);
      case 'mean':
        return items.length === 0 ? 0 : nums.reduce((a, b) => a + b, 0) / items.length;
      case 'var': {
        const m = nums.reduce((a, b) => a + b, 0) / items.length;
        return items.length === 0 ? 0 : nums.reduce((a, b) => a + (b - m) ** 2, 0) / items.length;
      }
      case 'max':
        return best((a, b) => a > b)?.v ?? limit(true);
      case 'min':
        return best((a, b) => a < b)?.v ?? limit(false);
      case 'argmax':
        return where(best((a, b) => a > b));
      case 'argmin':
        return where(best((a, b) => a < b));
      case 'any':
        return items.some((i) => i.v === true);
      case 'all':
        return items.every((i) => i.v === true);
      case 'count':
        return BigInt(items.filter((i) => i.v === true).length);
      case 'first':
        return where(items.find((i) => i.v === true));
      case 'lower_bound': {
        const v = ev(must(e.value, 'value'), at);
        return BigInt(items.filter((i) => i.v < v).length);
      }
      case 'upper_bound': {
        const v = ev(must(e.value, 'value'), at);
        return BigInt(items.filter((i) => i.v <= v).length);
      }
      case 'logsumexp':
        return peak === -Infinity || peak === Infinity
          ? peak
          : peak + Math.log(nums.reduce((a, x) => a + Math.exp(x - peak), 0));
      case 'softmax': {
        const here: At = {
          ...at,
          vars: new Map([
            ...at.vars,
            ...e.vars.map((v, k) => [v.id, must(at.vars.get(e.over?.[k] ?? ''), 'over')] as const),
          ]),
        };
        if (!holds(e.where, here)) throw new Absent();
        const x = num(ev(must(e.at, 'at'), at));
        if (peak === -Infinity) return 0;
        return Math.exp(x - peak) / nums.reduce((a, y) => a + Math.exp(y - peak), 0);
      }
      default:
        return assertNever(e.reducer, 'oracle');
    }
  }

  const varsOf = (l: TLhs, bound: Vars): readonly TVar[] =>
    l.kind === 'var'
      ? bound.has(l.var.id)
        ? []
        : [l.var]
      : l.kind === 'tuple'
        ? l.parts.flatMap((p) => varsOf(p, bound))
        : [];
  const valuesAt = (l: TLhs, at: At): readonly number[] =>
    l.kind === 'var'
      ? [num(must(at.vars.get(l.var.id), l.var.name))]
      : l.kind === 'int'
        ? [Number(l.value)]
        : l.parts.flatMap((p) => valuesAt(p, at));
  const targetVars = (t: TTarget, bound: Vars): readonly TVar[] => [
    ...(t.list === undefined ? [] : [t.list]),
    ...[...t.index, ...(t.field?.index ?? [])].flatMap((l) => varsOf(l, bound)),
  ];
  function keyAt(t: TTarget, at: At): string {
    const s = must(stores.get(t.name), t.name);
    const parts = t.index.map((l) => valuesAt(l, at));
    if (s.type === undefined) return parts.flat().join();
    const elem = t.list === undefined ? undefined : num(must(at.vars.get(t.list.id), 'list'));
    const key = `${elem === undefined ? '' : `${elem}:`}${position(s.type.axes, parts, elem)}`;
    if (t.field === undefined) return key;
    const field = s.type.elem.kind === 'row' ? s.type.elem.fields.find((f) => f.name === t.field?.name) : undefined;
    return `${key}.${t.field.name}.${position(
      field?.axes ?? [],
      t.field.index.map((l) => valuesAt(l, at)),
      elem,
    )}`;
  }
  const letStore = (t: TTarget): void => {
    if (!stores.has(t.name)) stores.set(t.name, { dtype: t.dtype, cells: new Map(), axes: t.index });
  };
  const write = (t: TTarget, at: At, v: Value, into = must(stores.get(t.name), t.name).cells): void =>
    void into.set(keyAt(t, at), castTo(t.dtype, v));

  function stmt(s: TStmt, outer: At, next: ReadonlyMap<string, Map<string, Value>>): void {
    switch (s.kind) {
      case 'define': {
        if (s.role === 'let' || (s.role === 'state' && !stores.has(s.target.name))) letStore(s.target);
        for (const p of points(targetVars(s.target, outer.vars), outer)) {
          const v = present(() =>
            holds(s.where, p)
              ? ev(s.value, p)
              : ((): never => {
                  throw new Absent();
                })(),
          );
          if (v !== undefined) write(s.target, p, v, next.get(s.target.name));
          else if (s.role === 'let') must(stores.get(s.target.name), s.target.name).cells.delete(keyAt(s.target, p));
        }
        return;
      }
      case 'select': {
        const [first] = s.targets;
        const target = must(first, 'target');
        if (s.role === 'let') s.targets.forEach(letStore);
        const vars = targetVars(target, outer.vars);
        const slot = must(vars.at(-1), 'slot');
        for (const p of points(vars.slice(0, -1), outer)) {
          const items = [...points([s.axis], p)].map((q, i) => ({ v: ev(s.body, q), i: BigInt(i) }));
          const rank = (v: Value): readonly [number, Value] =>
            typeof v === 'number' && Number.isNaN(v) ? [1, 0] : [0, v];
          items.sort((a, b) => {
            const [[na, x], [nb, y]] = [rank(a.v), rank(b.v)];
            const order = na !== nb ? na - nb : x < y ? -1 : x > y ? 1 : 0;
            return (s.descending ? -order : order) || Number(a.i - b.i);
          });
          [...points([slot], p)].forEach((q, j) => {
            const item = items[j];
            s.targets.forEach((t, k) => {
              const named: At = {
                ...q,
                vars: new Map([
                  ...q.vars,
                  ...targetVars(t, outer.vars).map(
                    (v, i) => [v.id, must(q.vars.get(must(vars[i], 'var').id), 'var')] as const,
                  ),
                ]),
              };
              const none: Value =
                s.body.type === 'f32' || s.body.type === 'f64' ? -Infinity : (LEAST[s.body.type] ?? 0n);
              write(t, named, k === 0 ? (item?.v ?? none) : (item?.i ?? -1n));
            });
          });
        }
        return;
      }
      case 'call':
        return call(s, outer);
      case 'temp':
        stores.set(s.name, {
          type: s.type,
          dtype: s.type.elem.kind === 'scalar' ? s.type.elem.dtype : 'u8',
          cells: new Map(),
        });
        return;
      case 'ragged': {
        const r = ragged(s.ragged);
        if (r.rule?.kind !== 'size') return;
        const { list, vars, size } = r.rule;
        const cells = must(stores.get(r.offsets), r.offsets).cells;
        for (const l of points(list === undefined ? [] : [list], outer)) {
          const prefix = list === undefined ? '' : `${l.vars.get(list.id)}:`;
          let [row, total] = [0, 0];
          for (const p of points(vars, l)) {
            cells.set(`${prefix}${row++}`, BigInt(total));
            total += Math.max(0, int(size, p));
            cells.set(`${prefix}${row}`, BigInt(total));
          }
          if (row === 0) cells.set(`${prefix}0`, 0n);
        }
        return;
      }
      case 'pack': {
        const cells = must(stores.get(ragged(s.ragged).offsets), 'offsets').cells;
        let [row, total] = [0, 0];
        for (const p of points(s.vars, outer)) {
          cells.set(String(row++), BigInt(total));
          for (const q of points([s.from], p)) {
            if (!holds(s.where, q)) continue;
            for (const o of s.outs)
              must(stores.get(o.name), o.name).cells.set(String(total), castTo(o.dtype, ev(o.value, q)));
            total++;
          }
        }
        cells.set(String(row), BigInt(total));
        return;
      }
      case 'scatter': {
        const t = must(stores.get(s.target), s.target);
        const axes = must(t.type, 'type').axes;
        const init = castTo(s.dtype, ev(s.init, outer));
        const n = count(axes, undefined);
        for (let i = 0; i < n; i++) t.cells.set(String(i), init);
        for (const p of points(s.vars, outer)) {
          if (!holds(s.where, p)) continue;
          let skip = false;
          const parts = s.index.map((x) => {
            const [v, m] = [int(x.value, p), int(x.extent, p)];
            if (x.policy === 'clamp') {
              if (m <= 0) skip = true;
              return [Math.min(Math.max(v, 0), m - 1)];
            }
            if (v < 0 || v >= m) {
              if (x.policy !== 'drop') throw new Error('oracle: scatter out of range');
              skip = true;
            }
            return [v];
          });
          if (skip) continue;
          const key = String(position(axes, parts, undefined));
          const [old, v] = [must(t.cells.get(key), 'cell'), ev(s.value, p)];
          const joined =
            s.op === 'unique'
              ? v
              : s.op === 'add'
                ? binaryOp('add', old, v, s.value.type)
                : s.op === 'or'
                  ? typeof v === 'boolean'
                    ? old === true || v
                    : binaryOp('bitor', old, v, s.value.type)
                  : (s.op === 'max') === v > old
                    ? v
                    : old;
          t.cells.set(key, castTo(s.dtype, joined));
        }
        return;
      }
      case 'recur': {
        s.states.forEach((x) => stmt(x, outer, next));
        const names = s.states.flatMap((x) => (x.kind === 'define' ? [x.target.name] : []));
        for (const p of points([s.index], outer)) {
          const after = new Map(names.map((n) => [n, new Map(must(stores.get(n), n).cells)]));
          for (const x of s.body) stmt(x, p, after);
          for (const [n, cells] of after) {
            const { cells: old } = must(stores.get(n), n);
            old.clear();
            for (const [k, v] of cells) old.set(k, v);
          }
        }
        return;
      }
    }
  }

  /** Runs the callee on row-major copies of what it is given. */
  function call(s: Extract<TStmt, { kind: 'call' }>, outer: At): void {
    const callee = s.call.op;
    const own = new Map<string, Store>();
    const values = new Map<string, Value>();
    const sizes = new Map<string, number | readonly number[]>();
    callee.params.forEach((p, k) => {
      const a = s.call.args[k];
      if (a?.kind !== 'tensor') {
        const dtype = p.type.elem.kind === 'scalar' ? p.type.elem.dtype : 'u8';
        values.set(p.name, a === undefined ? must(p.default, p.name) : castTo(dtype, ev(a.value, outer)));
        return;
      }
      const from = must(stores.get(a.name), a.name);
      const extents =
        from.type === undefined
          ? (from.axes ?? []).map((l) => varsOf(l, new Map()).map((v) => int(v.hi, outer)))
          : from.type.axes.map((x) => (x.kind === 'ragged' ? [-1] : factors(x, undefined)));
      const cells =
        from.type === undefined
          ? new Map(
              [
                ...points(
                  (from.axes ?? []).flatMap((l) => varsOf(l, new Map())),
                  outer,
                ),
              ].map((p2, i) => [
                String(i),
                must(from.cells.get((from.axes ?? []).flatMap((l) => valuesAt(l, p2)).join()), 'cell'),
              ]),
            )
          : from.cells;
      own.set(p.name, { type: p.type, dtype: from.dtype, cells });
      const spare = extents.length - p.type.axes.length;
      let at = 0;
      p.type.axes.forEach((axis, j) => {
        const n = axis.kind === 'pack' ? spare + 1 : 1;
        const mine = extents.slice(at, at + n).flat();
        at += n;
        const whole = mine.reduce((x, y) => x * y, 1);
        for (const d of callee.dims) {
          if (d.source.kind === 'pack' && axis.kind === 'pack' && d.id === axis.dim) sizes.set(d.id, whole);
          if (d.source.kind !== 'axis' || d.source.param !== p.name || d.source.axis !== j || axis.kind !== 'dense')
            continue;
          sizes.set(d.id, mine.length === axis.factors.length ? must(mine[d.source.factor], 'factor') : whole);
        }
      });
    });
    for (const r of callee.raggeds) {
      const k = callee.params.findIndex((p) => p.name === r.offsets);
      const a = s.call.args[k];
      if (a?.kind !== 'tensor') throw new Error('oracle: ragged argument');
    }
    run(callee, values, own, sizes);
    s.targets.forEach((t, k) => {
      const r = must(callee.results[k], 'result');
      if (s.role === 'let') letStore(t);
      const made = must(own.get(r.name), r.name).cells;
      [...points(targetVars(t, outer.vars), outer)].forEach((p, i) =>
        write(t, p, must(made.get(String(i)), 'element')),
      );
    });
  }

  for (const s of op.body) stmt(s, top, new Map());
}

/** What slots beyond the number of keys hold, whatever the order. */
const LEAST: Readonly<Record<string, bigint>> = { i32: -(2n ** 31n), i64: -(2n ** 63n), u32: 0n, u64: 0n };
