import type { FnDecl, Import, Item, OpDecl, Param, Result } from './ast.ts';
import { fail, ident, nodeSpan, only, optionalIdent, stringValue, tokenSpan } from './build-context.ts';
import type { Build } from './build-context.ts';
import { expr, name, size } from './build-expr.ts';
import { stmt } from './build-stmt.ts';
import { listBinder, typeExpr } from './build-type.ts';
import type * as Cst from './cst.generated.ts';
import { DTYPE_NAMES, isDType } from './words.ts';

/** The syntax tree of a declaration whose concrete tree has no errors; `doc` is the text of the `##` lines before it. */
export function buildItem(b: Build, n: Cst.ItemCstNode, doc: string | undefined): Item {
  const { importDecl: imported, fnDecl: fn, opDecl: op } = n.children;
  const documented = doc === undefined ? {} : { doc };
  if (imported?.[0]) return importDecl(b, imported[0]);
  if (fn?.[0]) return fnDecl(b, fn[0], documented);
  return opDecl(b, only(op), documented);
}

function importDecl(b: Build, n: Cst.ImportDeclCstNode): Import {
  return {
    kind: 'import',
    names: n.children.declName.map((d) => name(b, d)),
    from: stringValue(b, only(n.children.Text)),
    span: nodeSpan(b, n),
  };
}

interface Documented {
  readonly doc?: string;
}

function fnDecl(b: Build, n: Cst.FnDeclCstNode, documented: Documented): FnDecl {
  const { name: id, fnParam, result, fnLet, expr: body, LCurly } = n.children;
  const yields = optionalIdent(b, result);
  return {
    kind: 'fn',
    ...documented,
    name: ident(b, only(id)),
    params: (fnParam ?? []).map((p) => {
      const type = optionalIdent(b, p.children.type);
      return { name: ident(b, only(p.children.name)), ...(type === undefined ? {} : { type }) };
    }),
    ...(yields === undefined ? {} : { result: yields }),
    lets: (fnLet ?? []).map((l) => ({
      name: ident(b, only(l.children.Id)),
      value: expr(b, only(l.children.expr)),
      span: nodeSpan(b, l),
    })),
    block: LCurly !== undefined,
    body: expr(b, only(body)),
    span: nodeSpan(b, n),
  };
}

function opDecl(b: Build, n: Cst.OpDeclCstNode, documented: Documented): OpDecl {
  const { declName, typeParam: generics, param: params, result: results, dimDecl, cond, body } = n.children;
  return {
    kind: 'op',
    ...documented,
    name: name(b, only(declName)),
    typeParams: (generics ?? []).map((g) => typeParam(b, g)),
    params: params.map((p) => param(b, p)),
    results: (results ?? []).map((r) => result(b, r)),
    dims: (dimDecl ?? []).map((d) => ({
      name: ident(b, only(d.children.Id)),
      size: size(b, only(d.children.size)),
      span: nodeSpan(b, d),
    })),
    where: (cond ?? []).map((c) => {
      const op = only(c.children.FactOp).image;
      return {
        op: op === '<=' || op === '<' || op === '>=' || op === '>' ? op : '==',
        left: size(b, only(c.children.left)),
        right: size(b, only(c.children.right)),
        span: nodeSpan(b, c),
      };
    }),
    body: (only(body).children.stmt ?? []).map((s) => stmt(b, s)),
    span: nodeSpan(b, n),
  };
}

function typeParam(b: Build, n: Cst.TypeParamCstNode): OpDecl['typeParams'][number] {
  const choices = n.children.choice.flatMap((token) => {
    if (isDType(token.image)) return [token.image];
    fail(b, 'syntax-dtype', { name: token.image, known: DTYPE_NAMES }, tokenSpan(b, token));
    return [];
  });
  return { name: ident(b, only(n.children.name)), choices, span: nodeSpan(b, n) };
}

function param(b: Build, n: Cst.ParamCstNode): Param {
  const { Const, Inout, Id, list, type, expr: value } = n.children;
  return {
    kind: 'param',
    mode: Const ? 'const' : Inout ? 'inout' : 'in',
    name: ident(b, only(Id)),
    ...(list?.[0] ? { list: listBinder(b, list[0]) } : {}),
    type: typeExpr(b, only(type)),
    ...(value?.[0] ? { default: expr(b, value[0]) } : {}),
    span: nodeSpan(b, n),
  };
}

function result(b: Build, n: Cst.ResultCstNode): Result {
  const { Id, list, type } = n.children;
  return {
    kind: 'result',
    name: ident(b, only(Id)),
    ...(list?.[0] ? { list: listBinder(b, list[0]) } : {}),
    type: typeExpr(b, only(type)),
    span: nodeSpan(b, n),
  };
}
