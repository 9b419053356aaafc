import type { TOp } from '../../dsl/typed.ts';
import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';

/** Named sizes as one wrote them, told apart: consts choose the program, dims (and integer parameters) the call. */
export interface Split {
  readonly consts: Readonly<Record<string, bigint>>;
  readonly dims: Readonly<Record<string, number>>;
  readonly diagnostics: readonly Diagnostic[];
}
/** Sorts `B=4096,G=8` by what the names are in `op`. Names that are neither go to the dims, where `bindShapes` refuses them. */
export function splitShape(op: TOp, named: Readonly<Record<string, number>>): Split {
  const isConst = (name: string): boolean => op.params.some((p) => p.mode === 'const' && p.name === name);
  const consts: Record<string, bigint> = {};
  const dims: Record<string, number> = {};
  const diagnostics: Diagnostic[] = [];
  for (const [name, value] of Object.entries(named)) {
    if (!isConst(name)) dims[name] = value;
    else if (Number.isSafeInteger(value)) consts[name] = BigInt(value);
    else diagnostics.push(diagnostic('shape-value', { name, value: String(value) }, op.span));
  }
  return { consts, dims, diagnostics };
}
