import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { DTYPES, isFloat, widen } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import type { TOp } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import type { Expr } from '../ir/stage.ts';
import { refuse } from './scope.ts';
import type { Builder } from './scope.ts';

/** Values of `const` parameters by name; those with a default may be left out. */
export type Consts = Readonly<Record<string, bigint | number | boolean>>;

/** A literal of an arithmetic type. */
export function constant(v: number | bigint | boolean, type: Expr['type']): Expr {
  if (typeof v === 'boolean') return b.bool(v);
  if (type === 'f32' || type === 'f64') return b.float(type === 'f32' ? Math.fround(Number(v)) : Number(v), type);
  return b.int(BigInt(v), type);
}

/** True where a value can be a const of the type: of its kind, whole where it must be, and in range. */
function fits(v: bigint | number | boolean, dtype: DType): boolean {
  if (dtype === 'bool' || typeof v === 'boolean') return dtype === 'bool' && typeof v === 'boolean';
  if (isFloat(dtype)) return true;
  if (typeof v === 'number' && !Number.isSafeInteger(v)) return false;
  const { bytes, signed } = DTYPES[dtype];
  const n = BigInt(v);
  return n === (signed ? BigInt.asIntN(bytes * 8, n) : BigInt.asUintN(bytes * 8, n));
}

/** By-value parameters as expressions: scalars stand for themselves, consts for their values as literals of their type. */
export function paramValues(builder: Builder, op: TOp, consts: Consts): ReadonlyMap<string, Expr> {
  const out = new Map<string, Expr>();
  for (const p of op.params) {
    if (p.type.elem.kind !== 'scalar' || (p.mode !== 'scalar' && p.mode !== 'const')) continue;
    const { dtype } = p.type.elem;
    const value = consts[p.name] ?? p.default;
    if (p.mode === 'scalar') out.set(p.name, b.scalar(p.name, dtype));
    else if (value === undefined) refuse(builder, diagnostic('const-missing', { name: p.name }, p.span));
    else if (!fits(value, dtype))
      refuse(builder, diagnostic('const-type', { name: p.name, dtype, value: String(value) }, p.span));
    else out.set(p.name, constant(value, widen(dtype)));
  }
  const known = new Set(op.params.filter((p) => p.mode === 'const').map((p) => p.name));
  for (const name of Object.keys(consts))
    if (!known.has(name)) refuse(builder, diagnostic('const-unknown', { name, op: op.name }, op.span));
  return out;
}
