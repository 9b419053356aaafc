import type { Target } from '../ast.ts';
import { widen } from '../dtypes.ts';
import type { DType } from '../dtypes.ts';
import type { TExpr } from '../typed.ts';
import { report } from './context.ts';
import type { LetAxis, Scope, TensorSym } from './context.ts';
import { declare } from './declare.ts';
import { binary, both, some, variable } from './make.ts';
import { holdsIn } from './proofs.ts';
import { canonicalWhere } from './targets.ts';
import type { BoundTarget } from './targets.ts';
import type { Value } from './value.ts';

/** Storage type of a `let` without a written one: that of a rounding at its root or of a plain read, else the value's own. */
export function letType(v: Value): DType {
  const root =
    v.e.kind === 'cast' && v.e.mode === 'as' && v.e.to !== 'tf32' && widen(v.e.to) === v.e.type ? v.e.to : undefined;
  return root ?? (v.e.kind === 'access' ? v.e.dtype : v.e.type);
}

interface Made {
  readonly dtype: DType;
  readonly failed: boolean;
  readonly where?: TExpr;
  readonly value?: Value;
  readonly below?: NonNullable<TensorSym['below']>;
}

/** Enters a `let` into the names of the operator, or joins a further piece to it. */
export function declareLet(target: Target, bound: BoundTarget, axes: readonly LetAxis[], made: Made, s: Scope): void {
  const { op } = s;
  const name = target.name.name;
  const known = op.symbols.get(name);
  const progress = op.progress.get(name);
  const piece = {
    span: target.span,
    sides: bound.sides,
    ...(made.where === undefined ? {} : { where: canonicalWhere(made.where, bound.index) }),
  };
  op.later.delete(name);
  const absent = made.value?.absent === true;
  if (known?.kind === 'tensor' && known.role === 'let' && progress !== undefined) {
    if (progress.pieces.length > 0 && known.axes.length !== axes.length)
      report(op, 'index-rank', { name, wanted: known.axes.length, found: axes.length }, target.span);
    else {
      if (progress.readSpan !== undefined)
        report(op, 'piece-after-read', { name }, target.span, {
          related: [{ message: 'it is read here', span: progress.readSpan }],
        });
      if (known.elem.kind === 'scalar' && known.elem.dtype !== made.dtype && !made.failed)
        report(op, 'piece-type', { name, one: known.elem.dtype, other: made.dtype }, target.span);
      progress.pieces.push(piece);
      const partial = progress.pieces.some((p) => p.where !== undefined) || known.presence === 'unknown' || absent;
      op.symbols.set(name, joined(known, axes, partial, s));
    }
    return;
  }
  if (!declare(op, target.name, 'a `let`')) return;
  const present = presence(bound, made.where, absent);
  const integer = made.dtype === 'bool' || made.dtype === 'i64' || made.dtype === 'i32';
  const plain = axes.every((a) => a.parts.every((p) => p.var !== undefined));
  op.symbols.set(name, {
    kind: 'tensor',
    name,
    span: target.name.span,
    role: 'let',
    elem: { kind: 'scalar', dtype: made.dtype },
    axes,
    ...(present === undefined ? {} : { presence: present }),
    ...(integer && plain && !made.failed && made.value !== undefined && !absent ? { value: made.value.e } : {}),
    ...(made.below === undefined ? {} : { below: made.below }),
  });
  op.progress.set(name, { span: target.name.span, pieces: [piece] });
  if (made.failed) op.failed.add(name);
}

/** Where the points of a `let` are present: its `where`, and above the start of each range. */
function presence(bound: BoundTarget, where: TExpr | undefined, absent: boolean): TensorSym['presence'] {
  if (absent) return 'unknown';
  const starts = bound.vars
    .filter((v) => v.lo.kind !== 'int' || v.lo.value !== 0n)
    .map((v) => binary('le', v.lo, variable(v)));
  const all = starts.reduce<TExpr | undefined>((a, b) => both(a, b), where);
  return all === undefined ? undefined : { where: all };
}

/** A `let` with one more piece: its axes reach as far as the farthest piece. */
function joined(known: TensorSym, axes: readonly LetAxis[], partial: boolean, s: Scope): TensorSym {
  const merged = known.axes.map((a, k): LetAxis => {
    const b = axes[k];
    if (a.kind !== 'let' || b === undefined) return { kind: 'let', parts: [] };
    return {
      kind: 'let',
      parts: a.parts.map((p, j) => {
        const q = b.parts[j];
        if (q === undefined || mentionsVar(q.hi) || holdsIn(binary('le', q.hi, p.hi), s)) return p;
        return p.var === undefined ? { hi: q.hi } : { var: p.var, hi: q.hi };
      }),
    };
  });
  const { presence: _, value: __, ...rest } = known;
  return { ...rest, axes: merged, ...(partial ? { presence: 'unknown' as const } : {}) };
}
const mentionsVar = (e: TExpr): boolean => some(e, (x) => x.kind === 'var');
