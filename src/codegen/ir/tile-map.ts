import { assertNever } from '../../assert.ts';
import type { Ref, TileOp, Val } from './tile.ts';

/** What operations, values and places become; all see their parts already changed. An operation may become several, or none. */
export interface Changes {
  readonly op: (op: TileOp) => readonly TileOp[];
  readonly val: (v: Val) => Val;
  /** Places of loads, stores and all else; as they are without it. */
  readonly ref?: (r: Ref) => Ref;
}

/** Every operation and value rewritten, inner ones first. */
export function mapOps(ops: readonly TileOp[], f: Changes): readonly TileOp[] {
  const val = (v: Val): Val => mapVal(v, f);
  const ref = (r: Ref): Ref => placed(refWith(r, val), f);
  return ops.flatMap((op) => f.op(withOpParts(op, { val, ref, body: (inner) => mapOps(inner, f) })));
}

export function mapVal(v: Val, f: Changes): Val {
  const inner = withParts(v, (x) => mapVal(x, f));
  return f.val(inner.kind === 'load' ? { ...inner, from: placed(inner.from, f) } : inner);
}
const placed = (r: Ref, f: Changes): Ref => f.ref?.(r) ?? r;

/** A value whose direct parts are changed. */
export function withParts(v: Val, go: (part: Val) => Val): Val {
  switch (v.kind) {
    case 'int':
    case 'float':
    case 'bool':
    case 'name':
    case 'iota':
      return v;
    case 'dimOf':
      return { ...v, entry: go(v.entry) };
    case 'load':
      return { ...v, from: refWith(v.from, go), ...(v.mask === undefined ? {} : { mask: go(v.mask) }) };
    case 'unary':
    case 'bitcast':
    case 'round':
    case 'convert':
    case 'splat':
    case 'opaque':
      return { ...v, a: go(v.a) };
    case 'binary':
      return { ...v, a: go(v.a), b: go(v.b) };
    case 'call':
      return { ...v, args: v.args.map(go) };
    case 'select':
      return { ...v, cond: go(v.cond), then: go(v.then), else: go(v.else) };
    default:
      return assertNever(v, 'withParts');
  }
}
export const refWith = (r: Ref, go: (v: Val) => Val): Ref => ({
  ...r,
  index: go(r.index),
  ...(r.entry === undefined ? {} : { entry: go(r.entry) }),
});

/** An operation whose values, places and bodies are changed; hints keep theirs. What it declares or sets keeps its name. */
export function withOpParts(
  op: TileOp,
  {
    val: go,
    ref,
    body,
  }: {
    readonly val: (v: Val) => Val;
    readonly ref: (r: Ref) => Ref;
    readonly body: (ops: readonly TileOp[]) => readonly TileOp[];
  },
): TileOp {
  switch (op.kind) {
    case 'note':
    case 'break':
    case 'barrier':
      return op;
    case 'loop':
      return { ...op, lo: go(op.lo), hi: go(op.hi), body: body(op.body) };
    case 'while':
      return { ...op, cond: go(op.cond), body: body(op.body) };
    case 'if':
      return { ...op, cond: go(op.cond), then: body(op.then), else: body(op.else) };
    case 'let':
    case 'set':
    case 'reduceTile':
    case 'scanTile':
      return { ...op, value: go(op.value) };
    case 'turnTile':
      return { ...op, values: op.values.map(go) };
    case 'var':
      return op.init === undefined ? op : { ...op, init: go(op.init) };
    case 'store':
      return {
        ...op,
        to: ref(op.to),
        value: go(op.value),
        ...(op.odd === undefined ? {} : { odd: go(op.odd) }),
        ...(op.mask === undefined ? {} : { mask: go(op.mask) }),
      };
    case 'atomic':
      return { ...op, to: ref(op.to), value: go(op.value) };
    case 'prefetch':
      return op;
    case 'copy':
      return { ...op, to: ref(op.to), from: ref(op.from), count: go(op.count) };
    case 'tileDot': {
      const { acc, a, aStep, b } = op.strides;
      const strides = { acc: go(acc), a: go(a), aStep: go(aStep), b: go(b) };
      return { ...op, acc: ref(op.acc), a: ref(op.a), b: ref(op.b), k: go(op.k), strides };
    }
    case 'waveDot':
      return { ...op, a: ref(op.a), b: ref(op.b) };
    case 'waveStore':
      return { ...op, to: ref(op.to) };
    case 'sortTile':
      return { ...op, keys: ref(op.keys), order: ref(op.order), scratch: ref(op.scratch), count: go(op.count) };
    default:
      return assertNever(op, 'withOpParts');
  }
}
