import type { AxisExpr, ListBinder, RowField, TypeExpr } from './ast.ts';
import { ident, nodeSpan, only } from './build-context.ts';
import type { Build } from './build-context.ts';
import { size } from './build-expr.ts';
import type * as Cst from './cst.generated.ts';

export function typeExpr(b: Build, n: Cst.TypeCstNode): TypeExpr {
  const { row, Id, axis: axes } = n.children;
  const elem: TypeExpr['elem'] = row?.[0]
    ? { kind: 'row', fields: row[0].children.rowField.map((f) => rowField(b, f)), span: nodeSpan(b, row[0]) }
    : { kind: 'name', name: ident(b, only(Id)) };
  return { elem, axes: (axes ?? []).map((a) => axis(b, a)), span: nodeSpan(b, n) };
}

function rowField(b: Build, n: Cst.RowFieldCstNode): RowField {
  return { name: ident(b, only(n.children.Id)), type: typeExpr(b, only(n.children.type)), span: nodeSpan(b, n) };
}

function axis(b: Build, n: Cst.AxisCstNode): AxisExpr {
  const { packAxis, raggedAxis, pairsAxis, size: extent } = n.children;
  const span = nodeSpan(b, n);
  if (packAxis?.[0]) return { kind: 'pack', name: ident(b, only(packAxis[0].children.Id)), span };
  if (pairsAxis?.[0]) return { kind: 'pairs', size: size(b, only(pairsAxis[0].children.size)), span };
  if (!raggedAxis?.[0]) return { kind: 'size', size: size(b, only(extent)), span };
  const { name, list, offsets, offsetsList } = raggedAxis[0].children;
  return {
    kind: 'ragged',
    name: ident(b, only(name)),
    ...(list?.[0] ? { list: ident(b, list[0]) } : {}),
    offsets: ident(b, only(offsets)),
    ...(offsetsList?.[0] ? { offsetsList: ident(b, offsetsList[0]) } : {}),
    span,
  };
}

export function listBinder(b: Build, n: Cst.ListCstNode): ListBinder {
  return { index: ident(b, only(n.children.Id)), size: size(b, only(n.children.size)), span: nodeSpan(b, n) };
}
