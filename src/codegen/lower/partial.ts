import { assertNever } from '../../assert.ts';
import type { TExpr, TIndex } from '../../dsl/typed.ts';
import type { Env } from './scope.ts';

const indexed = (index: readonly TIndex[]): readonly TExpr[] =>
  index.flatMap((x) =>
    x.kind === 'flat' ? [x.part.value] : x.kind === 'parts' ? x.parts.map((p) => p.value) : [x.f.value, x.g.value],
  );

/** Direct operands; those that a guard or a fold makes safe are left out where `open` is set. */
export function operands(e: TExpr, open = false): readonly TExpr[] {
  const opt = (x: TExpr | undefined): readonly TExpr[] => (x === undefined ? [] : [x]);
  switch (e.kind) {
    case 'int':
    case 'float':
    case 'bool':
    case 'param':
    case 'var':
    case 'local':
      return [];
    case 'dim':
    case 'total':
      return opt(e.list);
    case 'len':
    case 'base':
      return [...opt(e.list), ...indexed(e.at)];
    case 'access':
      return [...opt(e.list), ...indexed(e.index), ...(e.field === undefined ? [] : indexed(e.field.index))];
    case 'unary':
    case 'bitcast':
    case 'cast':
    case 'convert':
    case 'strict':
      return [e.a];
    case 'binary':
      return [e.a, e.b];
    case 'call':
      return e.args;
    case 'if':
      return [e.cond, e.then, e.else];
    case 'guard':
      return open ? [e.other] : [e.value, e.other];
    case 'let':
      return [e.value, e.body];
    case 'reduce':
      return [...e.vars.flatMap((v) => [v.lo, v.hi]), ...opt(e.where), e.body, ...opt(e.value), ...opt(e.at)];
    default:
      return assertNever(e, 'operands');
  }
}
function some(e: TExpr, f: (e: TExpr) => boolean, open: boolean): boolean {
  return f(e) || operands(e, open).some((x) => some(x, f, open));
}
const guardedParts = (index: readonly TIndex[]): boolean =>
  index.some((x) =>
    (x.kind === 'flat' ? [x.part] : x.kind === 'parts' ? x.parts : [x.f, x.g]).some((p) => p.policy === 'guarded'),
  );

/** True where `e` may read a let that has no value somewhere; locals may stand for such reads. */
export const mentionsPartial = (env: Env, e: TExpr): boolean =>
  some(e, (x) => x.kind === 'local' || (x.kind === 'access' && isPartial(env, x.tensor)), false);
const isPartial = (env: Env, name: string): boolean => {
  const t = env.tensors.get(name);
  return t?.kind === 'let' && t.present !== undefined;
};
/** True where `e` holds an access that only an enclosing guard makes safe. */
export const needsGuard = (env: Env, e: TExpr): boolean =>
  some(
    e,
    (x) =>
      (x.kind === 'access' && (guardedParts(x.index) || isPartial(env, x.tensor))) ||
      ((x.kind === 'len' || x.kind === 'base') && guardedParts(x.at)),
    true,
  );
export const containsReduce = (e: TExpr): boolean => some(e, (x) => x.kind === 'reduce', false);
