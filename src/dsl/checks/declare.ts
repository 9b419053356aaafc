import type { Ident } from '../ast.ts';
import { report } from './context.ts';
import type { OpContext } from './context.ts';
import { isReserved } from './names.ts';

/** Registers a name of the operator; false if it is taken or means something else. */
export function declare(op: OpContext, name: Ident, what: string): boolean {
  if (isReserved(name.name)) report(op, 'name-builtin', { name: name.name }, name.span);
  const param = op.decl?.typeParams.find((t) => t.name.name === name.name)?.name.span;
  const first = op.symbols.get(name.name)?.span ?? op.raggeds.get(name.name)?.span ?? param;
  if (op.symbols.has(name.name) || op.raggeds.has(name.name) || param !== undefined) {
    report(
      op,
      'name-taken',
      { name: name.name, what },
      name.span,
      first === undefined ? {} : { related: [{ message: `\`${name.name}\` is declared here`, span: first }] },
    );
    return false;
  }
  return true;
}
