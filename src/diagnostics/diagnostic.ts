import { CATALOG } from './catalog.ts';
import type { Code, Params } from './catalog.ts';
import type { Rule, Severity } from './rule.ts';
import type { Span } from './span.ts';

/** A second place that explains the first, such as the bracket that was never closed. */
export interface Related {
  readonly message: string;
  readonly span: Span;
}

/** Something the user should know about their source or command. Plain data. */
export interface Diagnostic {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly span?: Span;
  readonly hint?: string;
  readonly related?: readonly Related[];
}

/** What may be added to a catalog row at the place where it is raised. */
export interface Extra {
  /** Replaces the hint of the catalog. */
  readonly hint?: string;
  readonly related?: readonly Related[];
}

/** The only way to make a diagnostic: code and parameters are checked against the catalog by the compiler. */
export function diagnostic<C extends Code>(code: C, params: Params<C>, span?: Span, extra: Extra = {}): Diagnostic {
  const rule = ruleOf(code);
  const hint = extra.hint ?? rule.hint?.(params);
  return {
    code,
    severity: rule.severity,
    message: rule.message(params),
    ...(span === undefined ? {} : { span }),
    ...(hint === undefined ? {} : { hint }),
    ...(extra.related === undefined ? {} : { related: extra.related }),
  };
}

/** A row of the catalog as a rule over its own parameters; TypeScript cannot see this through the indexed union. */
function ruleOf<C extends Code>(code: C): Rule<Params<C>> {
  const rules: { readonly [K in Code]: Rule<Params<K>> } = CATALOG;
  return rules[code];
}

export const isError = (d: Diagnostic): boolean => d.severity === 'error';
export const hasErrors = (list: readonly Diagnostic[]): boolean => list.some(isError);
