import pc from 'picocolors';
import { codeFrame, lineStarts, position } from './code-frame.ts';
import type { Position } from './code-frame.ts';
import type { Diagnostic, Related } from './diagnostic.ts';
import type { Span } from './span.ts';

/** Source text of a file, as far as it is known. */
export type Sources = ReadonlyMap<string, string>;

export interface ReportOptions {
  readonly color?: boolean;
  readonly width?: number;
}

/** Diagnostics for people: message, place, code frame, related places, hint, and a summary line at the end. Empty for none. */
export function report(list: readonly Diagnostic[], sources: Sources, options: ReportOptions = {}): string {
  if (list.length === 0) return '';
  const colors = pc.createColors(options.color ?? false);
  const frame = (span: Span): string => {
    const text = sources.get(span.file);
    if (text === undefined) return '';
    const style = {
      gutter: colors.dim,
      mark: colors.red,
      ...(options.width === undefined ? {} : { width: options.width }),
    };
    return `\n${codeFrame(text, span, style)}`;
  };
  const blocks = list.map((d) => {
    const label = d.severity === 'error' ? colors.red('error') : colors.yellow('warning');
    const head = `${place(d.span, sources)}${label}[${d.code}]: ${colors.bold(d.message)}`;
    const related = (d.related ?? []).map((r) => `\n${place(r.span, sources)}${r.message}${frame(r.span)}`);
    const hint = d.hint === undefined ? '' : `\n${colors.cyan('hint')}: ${d.hint}`;
    return `${head}${d.span === undefined ? '' : frame(d.span)}${related.join('')}${hint}\n`;
  });
  return `${blocks.join('\n')}\n${summary(list)}\n`;
}

/** `2 errors, 1 warning`. */
export function summary(list: readonly Diagnostic[]): string {
  const count = (severity: Diagnostic['severity'], one: string): string[] => {
    const n = list.filter((d) => d.severity === severity).length;
    return n === 0 ? [] : [`${n} ${n === 1 ? one : `${one}s`}`];
  };
  return [...count('error', 'error'), ...count('warning', 'warning')].join(', ') || 'no errors';
}

function place(span: Span | undefined, sources: Sources): string {
  if (span === undefined) return '';
  const text = sources.get(span.file);
  if (text === undefined) return `${span.file}: `;
  const at = position(text, span.start);
  return `${span.file}:${at.line}:${at.column}: `;
}

interface JsonSpan extends Span {
  readonly from?: Position;
  readonly to?: Position;
}
/** A diagnostic as `--json` prints it: the span also as lines and columns where the source is known. */
export type JsonDiagnostic = Omit<Diagnostic, 'span' | 'related'> & {
  readonly span?: JsonSpan;
  readonly related?: readonly (Omit<Related, 'span'> & { readonly span: JsonSpan })[];
};

/** Diagnostics for machines. */
export function reportJson(list: readonly Diagnostic[], sources: Sources): readonly JsonDiagnostic[] {
  const spanOf = (span: Span): JsonSpan => {
    const text = sources.get(span.file);
    if (text === undefined) return span;
    const starts = lineStarts(text);
    return { ...span, from: position(text, span.start, starts), to: position(text, span.end, starts) };
  };
  return list.map(({ span, related, ...rest }) => ({
    ...rest,
    ...(span === undefined ? {} : { span: spanOf(span) }),
    ...(related === undefined ? {} : { related: related.map((r) => ({ ...r, span: spanOf(r.span) })) }),
  }));
}
