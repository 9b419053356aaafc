/** A tree without its spans, for comparison; with `parens: false` also without the parentheses that carry no meaning. */
export function plain(node: unknown, options: { readonly parens: boolean } = { parens: true }): unknown {
  if (Array.isArray(node)) return node.map((n) => plain(n, options));
  if (typeof node !== 'object' || node === null) return node;
  if (!options.parens && 'kind' in node && node.kind === 'paren' && 'operand' in node)
    return plain(node.operand, options);
  const entries = Object.entries(node).filter(([key, value]) => key !== 'span' && value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key, plain(value, options)]));
}
