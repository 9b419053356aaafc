import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Item } from './ast.ts';

/** Rules of form that the grammar does not hold. */
export function checkSyntax(items: readonly Item[]): readonly Diagnostic[] {
  void items; void diagnostic;
  return [];
}
