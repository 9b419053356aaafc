import type { TExpr } from '../typed.ts';

/** An expression in source notation, for messages. `nameOf` maps a variable's id to its source name; without it, `i.3` and `i#3` show as `i`. */
export function showExpr(e: TExpr, nameOf?: (id: string) => string): string {
  return e.kind === 'var' ? (nameOf?.(e.id) ?? e.id.replace(/[#.].*$/, '')) : e.kind;
}
