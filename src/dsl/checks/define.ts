import type { Define, Expr, Target } from '../ast.ts';
import type { DType } from '../dtypes.ts';
import type { TExpr, TStmt, TVar } from '../typed.ts';
import { unknownCall } from './calls.ts';
import { assuming, quietly, report } from './context.ts';
import type { CallExpr, Progress, Scope, TensorSym } from './context.ts';
import { declareLet, letType } from './lets.ts';
import { variable } from './make.ts';
import { isReserved } from './names.ts';
import { checkOpCall } from './opcall.ts';
import { resolveType, typeCondition } from './operators.ts';
import { operatorCall } from './resolve-call.ts';
import { checkSelect } from './select.ts';
import { bindDeclared, bindLet, bindList, canonicalWhere, definable, targetOf } from './targets.ts';
import type { BoundTarget } from './targets.ts';
import { bareName } from './uses.ts';
import { settle, store } from './value.ts';
import type { Value } from './value.ts';

type Rhs = Extract<Define['rhs'], { readonly kind: 'expr' }>;

/** A `let`, or a definition of results, `inout` or states. */
export function checkDefine(d: Define, s: Scope): TStmt | undefined {
  if (d.rhs.kind === 'select') return checkSelect(d, d.rhs, s);
  const call = operatorCall(d.rhs.expr, s);
  if (call !== undefined) return checkOpCall(d, call, d.rhs.near, s);
  const stray = strayCall(d.rhs.expr, s);
  if (stray !== undefined) {
    unknownCall(stray, s);
    for (const t of d.targets) {
      if (d.isLet)
        declareLet(
          t,
          quietly(s.op, () => bindLet({ ...t, index: [] }, [], s)),
          [],
          { dtype: 'f32', failed: true },
          s,
        );
      else s.op.failed.add(t.name.name);
    }
    return undefined;
  }
  const [target, ...more] = d.targets;
  const [extra] = more;
  if (extra !== undefined) report(s.op, 'define-targets', {}, extra.span);
  if (target === undefined) return undefined;
  return d.isLet ? checkLet(d, target, d.rhs, s) : checkResult(d, target, d.rhs, s);
}

/** A call of an unknown name over whole tensors: an operator was meant. */
function strayCall(e: Expr, s: Scope): CallExpr | undefined {
  if (e.kind === 'paren') return strayCall(e.operand, s);
  if (e.kind !== 'call' || isReserved(e.callee.name) || s.op.scope.fns.has(e.callee.name)) return undefined;
  const whole = e.args.some((a) => {
    const name = bareName(a.value);
    const sym = name === undefined ? undefined : s.op.symbols.get(name);
    return sym?.kind === 'tensor' && sym.axes.length > 0;
  });
  return whole ? e : undefined;
}

/** The written storage type of a `let`. */
function writtenType(target: Target, s: Scope): DType | undefined {
  return target.type === undefined ? undefined : resolveType(target.type.name, target.type.span, s.op);
}

/** Condition and value of a definition, the condition known while the value is typed. */
function typeSides(
  d: Define,
  rhs: Rhs,
  s: Scope,
): { readonly where: Value | undefined; readonly value: Value; readonly scope: Scope } {
  const where = d.where === undefined ? undefined : typeCondition(d.where, s);
  if (where?.absent === true && d.where !== undefined)
    report(s.op, 'absent-read', { what: 'a condition' }, d.where.span);
  const scope = where === undefined || where.bad ? s : assuming(s, where.e);
  return { where, value: s.op.typeExpr(rhs.expr, scope), scope };
}

/** Expressions in which the indices of a left side may find their ranges. */
export const sources = (d: Define, rhs: Expr): readonly Expr[] => (d.where === undefined ? [rhs] : [rhs, d.where]);

function checkLet(d: Define, target: Target, rhs: Rhs, s: Scope): TStmt | undefined {
  if (target.field !== undefined) report(s.op, 'field-let', { name: target.name.name }, target.field.name.span);
  if (target.list !== undefined) {
    report(s.op, 'list-let', { name: target.name.name }, target.list.span);
    s.op.later.delete(target.name.name);
    s.op.failed.add(target.name.name);
    return undefined;
  }
  const bound = bindLet(target, sources(d, rhs.expr), s);
  const sides = typeSides(d, rhs, bound.scope);
  const written = writtenType(target, s);
  const v = written === undefined ? settle(s.op, sides.value) : store(s.op, sides.value, written, rhs.near, rhs.span);
  if (rhs.near && written === undefined) report(s.op, 'near-let', { name: target.name.name }, rhs.span);
  const dtype = written ?? letType(v);
  const failed = v.bad || bound.failed || sides.where?.bad === true;
  const where = sides.where?.e;
  declareLet(target, bound, bound.axes, { dtype, failed, value: v, ...(where === undefined ? {} : { where }) }, s);
  if (failed) return undefined;
  return {
    kind: 'define',
    role: 'let',
    target: targetOf(target, bound, dtype),
    ...(where === undefined ? {} : { where }),
    near: rhs.near,
    value: v.e,
    span: d.span,
  };
}

function checkResult(d: Define, target: Target, rhs: Rhs, s: Scope): TStmt | undefined {
  const sym = definable(target, s);
  if (sym === undefined) {
    // The value is still looked at; what its indices run over is not known.
    typeSides(d, rhs, quietly(s.op, () => bindLet(target, sources(d, rhs.expr), s)).scope);
    return undefined;
  }
  if (target.type !== undefined) report(s.op, 'define-type', { name: sym.name }, target.type.span);
  const list = bindList(target, sym, s);
  const element = list.var === undefined ? undefined : variable(list.var);
  const whole = bindDeclared(target, sym, sym.axes, element, list.scope, sym.name);
  const field = fieldOf(target, sym, whole, s);
  const scope = field?.bound.scope ?? whole.scope;
  const sides = typeSides(d, rhs, scope);
  const dtype = field?.dtype ?? (sym.elem.kind === 'scalar' ? sym.elem.dtype : 'u8');
  const v = store(s.op, sides.value, dtype, rhs.near, rhs.span);
  if (v.absent && !v.bad) report(s.op, 'absent-read', { what: `\`${sym.name}\`` }, rhs.span);
  addPiece(target, sym, whole, field, sides.where?.e, s);
  if (v.bad || whole.failed || list.failed || field === undefined || sides.where?.bad === true) return undefined;
  const role = sym.role === 'inout' ? 'inout' : sym.role === 'state' ? 'state' : 'result';
  const where = sides.where?.e;
  return {
    kind: 'define',
    role,
    target: targetOf(
      target,
      whole,
      dtype,
      list.var,
      field.name === undefined ? undefined : { name: field.name, index: field.bound.index },
    ),
    ...(where === undefined ? {} : { where }),
    near: rhs.near,
    value: v.e,
    span: d.span,
  };
}

interface Field {
  readonly name?: string;
  readonly dtype: DType;
  readonly bound: BoundTarget;
}

/** The field that a left side names, with its indices bound; undefined after an error. */
function fieldOf(target: Target, sym: TensorSym, whole: BoundTarget, s: Scope): Field | undefined {
  if (sym.elem.kind === 'scalar') {
    if (target.field === undefined) return { dtype: sym.elem.dtype, bound: whole };
    report(s.op, 'field-none', { name: sym.name, field: target.field.name.name }, target.field.name.span);
    return undefined;
  }
  const fields = sym.elem.fields.map((f) => f.name);
  const { field } = target;
  if (field === undefined) {
    report(s.op, 'field-needed', { name: sym.name, fields }, target.span);
    return undefined;
  }
  const f = sym.elem.fields.find((x) => x.name === field.name.name);
  if (f === undefined) {
    report(s.op, 'field-unknown', { name: sym.name, field: field.name.name, fields }, field.name.span);
    return undefined;
  }
  const bound = bindDeclared(
    { index: field.index, span: field.name.span },
    sym,
    f.axes,
    undefined,
    whole.scope,
    `${sym.name}.${f.name}`,
  );
  return bound.failed ? undefined : { name: f.name, dtype: f.dtype, bound };
}

function addPiece(
  target: Target,
  sym: TensorSym,
  whole: BoundTarget,
  field: Field | undefined,
  where: TExpr | undefined,
  s: Scope,
): void {
  const progress = s.op.progress.get(sym.name);
  if (progress === undefined) return;
  if (whole.failed || field === undefined) {
    s.op.failed.add(sym.name);
    progress.pieces.push({ span: target.span, sides: [] });
    return;
  }
  if (s.loop !== undefined && sym.role !== 'state') perStep(target, sym, whole, progress, s.loop, s);
  const { readSpan } = progress;
  if (readSpan !== undefined && sym.role === 'result')
    report(s.op, 'piece-after-read', { name: sym.name }, target.span, {
      related: [{ message: 'it is read here', span: readSpan }],
    });
  progress.pieces.push({
    span: target.span,
    sides: field.name === undefined ? whole.sides : [...whole.sides, ...field.bound.sides],
    ...(field.name === undefined ? {} : { field: field.name }),
    ...(where === undefined ? {} : { where: canonicalWhere(where, whole.index) }),
  });
}

/** In a loop a result is defined at the step: the loop's index stands in its left side. */
function perStep(target: Target, sym: TensorSym, whole: BoundTarget, progress: Progress, loop: TVar, s: Scope): void {
  const flat = whole.index.flatMap((l) => (l.kind === 'tuple' ? l.parts : [l]));
  const part = flat.findIndex((l) => l.kind === 'var' && l.var.id === loop.id);
  if (part < 0) report(s.op, 'loop-result', { name: sym.name, index: loop.name }, target.span);
  else progress.loop = { id: loop.id, part };
}
