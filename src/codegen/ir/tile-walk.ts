import { assertNever } from '../../assert.ts';
import type { Ref, TileOp, Val } from './tile.ts';

const ofRef = (r: Ref): readonly Val[] => (r.entry === undefined ? [r.index] : [r.entry, r.index]);
const opt = (v: Val | undefined): readonly Val[] => (v === undefined ? [] : [v]);

/** Direct operands of a value. */
export function operands(v: Val): readonly Val[] {
  switch (v.kind) {
    case 'int':
    case 'float':
    case 'bool':
    case 'name':
    case 'iota':
      return [];
    case 'dimOf':
      return [v.entry];
    case 'load':
      return [...ofRef(v.from), ...opt(v.mask)];
    case 'unary':
    case 'bitcast':
    case 'round':
    case 'convert':
    case 'splat':
    case 'opaque':
      return [v.a];
    case 'binary':
      return [v.a, v.b];
    case 'call':
      return v.args;
    case 'select':
      return [v.cond, v.then, v.else];
    default:
      return assertNever(v, 'operands');
  }
}

/** Values and array references that an operation holds itself; bodies are not entered. */
export function parts(op: TileOp): {
  readonly values: readonly Val[];
  readonly refs: readonly Ref[];
  readonly bodies: readonly (readonly TileOp[])[];
} {
  const of = (
    values: readonly (Val | undefined)[],
    refs: readonly Ref[] = [],
    bodies: readonly (readonly TileOp[])[] = [],
  ): ReturnType<typeof parts> => ({
    values: [...values.flatMap(opt), ...refs.flatMap(ofRef)],
    refs,
    bodies,
  });
  switch (op.kind) {
    case 'note':
    case 'break':
    case 'barrier':
      return of([]);
    case 'loop':
      return of([op.lo, op.hi], [], [op.body]);
    case 'while':
      return of([op.cond], [], [op.body]);
    case 'if':
      return of([op.cond], [], [op.then, op.else]);
    case 'let':
    case 'set':
    case 'reduceTile':
    case 'scanTile':
      return of([op.value]);
    case 'var':
      return of([op.init]);
    case 'store':
      return of([op.value, op.odd, op.mask], [op.to]);
    case 'atomic':
      return of([op.value], [op.to]);
    case 'prefetch':
      return of([], [op.at]);
    case 'turnTile':
      return of(op.values);
    case 'copy':
      return of([op.count], [op.to, op.from]);
    case 'tileDot':
      return of([op.k, ...Object.values(op.strides)], [op.acc, op.a, op.b]);
    case 'waveDot':
      return of([], [op.a, op.b]);
    case 'waveStore':
      return of([], [op.to]);
    case 'sortTile':
      return of([op.count], [op.keys, op.order, op.scratch]);
    default:
      return assertNever(op, 'parts');
  }
}

/** Visits every operation, outer ones first. */
export function visitOps(ops: readonly TileOp[], f: (op: TileOp) => void): void {
  for (const op of ops) {
    f(op);
    for (const body of parts(op).bodies) visitOps(body, f);
  }
}
/** Visits every value of the operations, operands included. */
export function visitVals(ops: readonly TileOp[], f: (v: Val) => void): void {
  const go = (v: Val): void => {
    f(v);
    for (const o of operands(v)) go(o);
  };
  visitOps(ops, (op) => parts(op).values.forEach(go));
}

/** Arrays and outside names (dims, scalars, capacities) that operations mention. */
export function mentioned(ops: readonly TileOp[]): ReadonlySet<string> {
  const out = new Set<string>();
  visitOps(ops, (op) => parts(op).refs.forEach((r) => out.add(r.array)));
  visitVals(ops, (v) => {
    if (v.kind === 'name' || v.kind === 'dimOf') out.add(v.id);
    if (v.kind === 'load') out.add(v.from.array);
  });
  return out;
}
/** The same for values that stand in no operation. */
export const mentionedIn = (values: readonly Val[]): ReadonlySet<string> =>
  mentioned(values.map((value) => ({ kind: 'let', id: '', value })));
