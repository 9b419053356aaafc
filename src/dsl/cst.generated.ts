// Written by scripts/gen.ts from the rules of parser.ts.
import type { CstNodeLocation, IToken } from 'chevrotain';

export interface Located {
  location?: CstNodeLocation;
}

export interface ExprCstNode extends Located {
  name: "expr";
  children: ExprCstChildren;
}

export type ExprCstChildren = {
  ifExpr?: IfExprCstNode[];
  orExpr?: OrExprCstNode[];
};

export interface IfExprCstNode extends Located {
  name: "ifExpr";
  children: IfExprCstChildren;
}

export type IfExprCstChildren = {
  If: IToken[];
  cond: ExprCstNode[];
  Then: IToken[];
  yes: ExprCstNode[];
  Else: IToken[];
  no: ExprCstNode[];
};

export interface OrExprCstNode extends Located {
  name: "orExpr";
  children: OrExprCstChildren;
}

export type OrExprCstChildren = {
  andExpr: (AndExprCstNode)[];
  OrOr?: IToken[];
};

export interface AndExprCstNode extends Located {
  name: "andExpr";
  children: AndExprCstChildren;
}

export type AndExprCstChildren = {
  cmp: (CmpCstNode)[];
  AndAnd?: IToken[];
};

export interface CmpCstNode extends Located {
  name: "cmp";
  children: CmpCstChildren;
}

export type CmpCstChildren = {
  bits: (BitsCstNode)[];
  CmpOp?: IToken[];
};

export interface BitsCstNode extends Located {
  name: "bits";
  children: BitsCstChildren;
}

export type BitsCstChildren = {
  shift: (ShiftCstNode)[];
  BitOp?: IToken[];
};

export interface ShiftCstNode extends Located {
  name: "shift";
  children: ShiftCstChildren;
}

export type ShiftCstChildren = {
  add: (AddCstNode)[];
  ShiftOp?: IToken[];
};

export interface AddCstNode extends Located {
  name: "add";
  children: AddCstChildren;
}

export type AddCstChildren = {
  mul: (MulCstNode)[];
  AddOp?: IToken[];
};

export interface MulCstNode extends Located {
  name: "mul";
  children: MulCstChildren;
}

export type MulCstChildren = {
  cast: (CastCstNode)[];
  MulOp?: IToken[];
};

export interface CastCstNode extends Located {
  name: "cast";
  children: CastCstChildren;
}

export type CastCstChildren = {
  unary: UnaryCstNode[];
  CastOp?: IToken[];
  Id?: IToken[];
};

export interface UnaryCstNode extends Located {
  name: "unary";
  children: UnaryCstChildren;
}

export type UnaryCstChildren = {
  UnaryOp?: IToken[];
  atom: AtomCstNode[];
};

export interface AtomCstNode extends Located {
  name: "atom";
  children: AtomCstChildren;
}

export type AtomCstChildren = {
  Int?: IToken[];
  Hex?: IToken[];
  Float?: IToken[];
  Constant?: IToken[];
  reduce?: ReduceCstNode[];
  call?: CallCstNode[];
  access?: AccessCstNode[];
  paren?: ParenCstNode[];
  strict?: StrictCstNode[];
};

export interface ParenCstNode extends Located {
  name: "paren";
  children: ParenCstChildren;
}

export type ParenCstChildren = {
  LParen: IToken[];
  expr: (ExprCstNode)[];
  Comma?: IToken[];
  Else?: IToken[];
  other?: ExprCstNode[];
  RParen: IToken[];
};

export interface StrictCstNode extends Located {
  name: "strict";
  children: StrictCstChildren;
}

export type StrictCstChildren = {
  Strict: IToken[];
  LParen: IToken[];
  expr: ExprCstNode[];
  RParen: IToken[];
};

export interface CallCstNode extends Located {
  name: "call";
  children: CallCstChildren;
}

export type CallCstChildren = {
  callee?: (IToken)[];
  Less?: IToken[];
  type?: IToken[];
  Greater?: IToken[];
  LParen: IToken[];
  arg?: ArgCstNode[];
  Comma?: IToken[];
  RParen: IToken[];
};

export interface ArgCstNode extends Located {
  name: "arg";
  children: ArgCstChildren;
}

export type ArgCstChildren = {
  Id?: IToken[];
  Equals?: IToken[];
  Clamp?: IToken[];
  value: ExprCstNode[];
  Else?: IToken[];
  other?: ExprCstNode[];
};

export interface AccessCstNode extends Located {
  name: "access";
  children: AccessCstChildren;
}

export type AccessCstChildren = {
  Id: IToken[];
  LCurly?: IToken[];
  expr?: ExprCstNode[];
  RCurly?: IToken[];
  indices?: IndicesCstNode[];
  field?: FieldCstNode[];
};

export interface FieldCstNode extends Located {
  name: "field";
  children: FieldCstChildren;
}

export type FieldCstChildren = {
  Dot: IToken[];
  Id: IToken[];
  indices?: IndicesCstNode[];
};

export interface IndicesCstNode extends Located {
  name: "indices";
  children: IndicesCstChildren;
}

export type IndicesCstChildren = {
  LSquare: IToken[];
  index: IndexCstNode[];
  Comma?: IToken[];
  RSquare: IToken[];
};

export interface IndexCstNode extends Located {
  name: "index";
  children: IndexCstChildren;
}

export type IndexCstChildren = {
  Clamp?: IToken[];
  Unchecked?: IToken[];
  expr: ExprCstNode[];
};

export interface ReduceCstNode extends Located {
  name: "reduce";
  children: ReduceCstChildren;
}

export type ReduceCstChildren = {
  Reducer: IToken[];
  Less?: IToken[];
  Id?: IToken[];
  Greater?: IToken[];
  LSquare: IToken[];
  binder: BinderCstNode[];
  Comma?: (IToken)[];
  Where?: IToken[];
  expr?: ExprCstNode[];
  RSquare: IToken[];
  LParen: IToken[];
  arg: (ArgCstNode)[];
  RParen: IToken[];
};

export interface BinderCstNode extends Located {
  name: "binder";
  children: BinderCstChildren;
}

export type BinderCstChildren = {
  Id: IToken[];
  In?: IToken[];
  domain?: DomainCstNode[];
};

export interface DomainCstNode extends Located {
  name: "domain";
  children: DomainCstChildren;
}

export type DomainCstChildren = {
  size: SizeCstNode[];
  Range?: IToken[];
  hi?: SizeCstNode[];
};

export interface SizeCstNode extends Located {
  name: "size";
  children: SizeCstChildren;
}

export type SizeCstChildren = {
  sizeMul: (SizeMulCstNode)[];
  AddOp?: IToken[];
};

export interface SizeMulCstNode extends Located {
  name: "sizeMul";
  children: SizeMulCstChildren;
}

export type SizeMulCstChildren = {
  sizeUnary: (SizeUnaryCstNode)[];
  MulOp?: IToken[];
};

export interface SizeUnaryCstNode extends Located {
  name: "sizeUnary";
  children: SizeUnaryCstChildren;
}

export type SizeUnaryCstChildren = {
  Minus?: IToken[];
  sizeAtom: SizeAtomCstNode[];
};

export interface SizeAtomCstNode extends Located {
  name: "sizeAtom";
  children: SizeAtomCstChildren;
}

export type SizeAtomCstChildren = {
  Int?: IToken[];
  Hex?: IToken[];
  sizeCall?: SizeCallCstNode[];
  Id?: IToken[];
  sizeParen?: SizeParenCstNode[];
};

export interface SizeCallCstNode extends Located {
  name: "sizeCall";
  children: SizeCallCstChildren;
}

export type SizeCallCstChildren = {
  declName: DeclNameCstNode[];
  LParen: IToken[];
  arg: ArgCstNode[];
  Comma?: IToken[];
  RParen: IToken[];
};

export interface SizeParenCstNode extends Located {
  name: "sizeParen";
  children: SizeParenCstChildren;
}

export type SizeParenCstChildren = {
  LParen: IToken[];
  size: SizeCstNode[];
  Comma?: IToken[];
  RParen: IToken[];
};

export interface DeclNameCstNode extends Located {
  name: "declName";
  children: DeclNameCstChildren;
}

export type DeclNameCstChildren = {
  Id?: IToken[];
  Reducer?: IToken[];
};

export interface TypeCstNode extends Located {
  name: "type";
  children: TypeCstChildren;
}

export type TypeCstChildren = {
  row?: RowCstNode[];
  Id?: IToken[];
  LSquare?: IToken[];
  axis?: AxisCstNode[];
  Comma?: IToken[];
  RSquare?: IToken[];
};

export interface RowCstNode extends Located {
  name: "row";
  children: RowCstChildren;
}

export type RowCstChildren = {
  RowWord: IToken[];
  LCurly: IToken[];
  rowField: RowFieldCstNode[];
  Comma?: IToken[];
  RCurly: IToken[];
};

export interface RowFieldCstNode extends Located {
  name: "rowField";
  children: RowFieldCstChildren;
}

export type RowFieldCstChildren = {
  Id: IToken[];
  Colon: IToken[];
  type: TypeCstNode[];
};

export interface AxisCstNode extends Located {
  name: "axis";
  children: AxisCstChildren;
}

export type AxisCstChildren = {
  packAxis?: PackAxisCstNode[];
  raggedAxis?: RaggedAxisCstNode[];
  pairsAxis?: PairsAxisCstNode[];
  size?: SizeCstNode[];
};

export interface PackAxisCstNode extends Located {
  name: "packAxis";
  children: PackAxisCstChildren;
}

export type PackAxisCstChildren = {
  Star: IToken[];
  Id: IToken[];
};

export interface RaggedAxisCstNode extends Located {
  name: "raggedAxis";
  children: RaggedAxisCstChildren;
}

export type RaggedAxisCstChildren = {
  Tilde: IToken[];
  name: IToken[];
  LCurly?: (IToken)[];
  list?: IToken[];
  RCurly?: (IToken)[];
  LParen: IToken[];
  offsets: IToken[];
  offsetsList?: IToken[];
  RParen: IToken[];
};

export interface PairsAxisCstNode extends Located {
  name: "pairsAxis";
  children: PairsAxisCstChildren;
}

export type PairsAxisCstChildren = {
  PairsWord: IToken[];
  LParen: IToken[];
  size: SizeCstNode[];
  RParen: IToken[];
};

export interface ListCstNode extends Located {
  name: "list";
  children: ListCstChildren;
}

export type ListCstChildren = {
  LCurly: IToken[];
  Id: IToken[];
  In: IToken[];
  size: SizeCstNode[];
  RCurly: IToken[];
};

export interface CondCstNode extends Located {
  name: "cond";
  children: CondCstChildren;
}

export type CondCstChildren = {
  left: SizeCstNode[];
  FactOp: IToken[];
  right: SizeCstNode[];
};

export interface StmtCstNode extends Located {
  name: "stmt";
  children: StmtCstChildren;
}

export type StmtCstChildren = {
  let?: LetCstNode[];
  ragged?: RaggedCstNode[];
  pack?: PackCstNode[];
  scatter?: ScatterCstNode[];
  recur?: RecurCstNode[];
  property?: PropertyCstNode[];
  tolerance?: ToleranceCstNode[];
  tunable?: TunableCstNode[];
  schedule?: ScheduleCstNode[];
  def?: DefCstNode[];
};

export interface LetCstNode extends Located {
  name: "let";
  children: LetCstChildren;
}

export type LetCstChildren = {
  Let: IToken[];
  target: TargetCstNode[];
  Comma?: IToken[];
  Where?: IToken[];
  expr?: ExprCstNode[];
  Equals?: IToken[];
  rhs?: RhsCstNode[];
  Semicolon: IToken[];
};

export interface DefCstNode extends Located {
  name: "def";
  children: DefCstChildren;
}

export type DefCstChildren = {
  target: TargetCstNode[];
  Comma?: IToken[];
  Where?: IToken[];
  expr?: ExprCstNode[];
  Equals: IToken[];
  rhs: RhsCstNode[];
  Semicolon: IToken[];
};

export interface RhsCstNode extends Located {
  name: "rhs";
  children: RhsCstChildren;
}

export type RhsCstChildren = {
  select?: SelectCstNode[];
  Near?: IToken[];
  expr?: ExprCstNode[];
};

export interface SelectCstNode extends Located {
  name: "select";
  children: SelectCstChildren;
}

export type SelectCstChildren = {
  Topk?: IToken[];
  Less?: IToken[];
  size?: SizeCstNode[];
  Greater?: IToken[];
  Sort?: IToken[];
  LSquare: IToken[];
  Id: IToken[];
  RSquare: IToken[];
  LParen: IToken[];
  expr: ExprCstNode[];
  RParen: IToken[];
  DescendingWord?: IToken[];
  AscendingWord?: IToken[];
};

export interface TargetCstNode extends Located {
  name: "target";
  children: TargetCstChildren;
}

export type TargetCstChildren = {
  name: IToken[];
  LCurly?: IToken[];
  list?: IToken[];
  RCurly?: IToken[];
  index?: LhsListCstNode[];
  Dot?: IToken[];
  field?: IToken[];
  fieldIndex?: LhsListCstNode[];
  Colon?: IToken[];
  type?: TypeCstNode[];
};

export interface LhsListCstNode extends Located {
  name: "lhsList";
  children: LhsListCstChildren;
}

export type LhsListCstChildren = {
  LSquare: IToken[];
  lhs: LhsCstNode[];
  Comma?: IToken[];
  RSquare: IToken[];
};

export interface LhsCstNode extends Located {
  name: "lhs";
  children: LhsCstChildren;
}

export type LhsCstChildren = {
  binder?: BinderCstNode[];
  Int?: IToken[];
  LParen?: IToken[];
  lhs?: LhsCstNode[];
  Comma?: IToken[];
  RParen?: IToken[];
};

export interface RaggedCstNode extends Located {
  name: "ragged";
  children: RaggedCstChildren;
}

export type RaggedCstChildren = {
  Ragged: IToken[];
  name: IToken[];
  LCurly?: IToken[];
  list?: IToken[];
  RCurly?: IToken[];
  names: NamesCstNode[];
  Equals: IToken[];
  expr: ExprCstNode[];
  Semicolon: IToken[];
};

export interface NamesCstNode extends Located {
  name: "names";
  children: NamesCstChildren;
}

export type NamesCstChildren = {
  LSquare: IToken[];
  Id: IToken[];
  Comma?: IToken[];
  RSquare: IToken[];
};

export interface PackCstNode extends Located {
  name: "pack";
  children: PackCstChildren;
}

export type PackCstChildren = {
  Pack: IToken[];
  name: IToken[];
  names: NamesCstNode[];
  FromWord: IToken[];
  source: IToken[];
  Where: IToken[];
  expr: ExprCstNode[];
  Colon: IToken[];
  packOut: PackOutCstNode[];
  Comma?: IToken[];
  Semicolon: IToken[];
};

export interface PackOutCstNode extends Located {
  name: "packOut";
  children: PackOutCstChildren;
}

export type PackOutCstChildren = {
  Id: IToken[];
  Equals: IToken[];
  expr: ExprCstNode[];
};

export interface ScatterCstNode extends Located {
  name: "scatter";
  children: ScatterCstChildren;
}

export type ScatterCstChildren = {
  Scatter: IToken[];
  op?: (IToken)[];
  Id: IToken[];
  LSquare: IToken[];
  scatterIndex: ScatterIndexCstNode[];
  Comma?: IToken[];
  RSquare: IToken[];
  Where?: IToken[];
  domain?: ExprCstNode[];
  Equals: IToken[];
  value: ExprCstNode[];
  InitWord: IToken[];
  start: ExprCstNode[];
  Semicolon: IToken[];
};

export interface ScatterIndexCstNode extends Located {
  name: "scatterIndex";
  children: ScatterIndexCstChildren;
}

export type ScatterIndexCstChildren = {
  DropWord?: IToken[];
  Clamp?: IToken[];
  expr: ExprCstNode[];
};

export interface RecurCstNode extends Located {
  name: "recur";
  children: RecurCstChildren;
}

export type RecurCstChildren = {
  StateWord: IToken[];
  states: DefCstNode[];
  For: IToken[];
  Id: IToken[];
  In: IToken[];
  domain: DomainCstNode[];
  LCurly: IToken[];
  step?: StepCstNode[];
  RCurly: IToken[];
};

export interface StepCstNode extends Located {
  name: "step";
  children: StepCstChildren;
}

export type StepCstChildren = {
  let?: LetCstNode[];
  def?: DefCstNode[];
};

export interface PropertyCstNode extends Located {
  name: "property";
  children: PropertyCstChildren;
}

export type PropertyCstChildren = {
  Property: IToken[];
  Text: IToken[];
  Forall?: IToken[];
  forallBinder?: ForallBinderCstNode[];
  Comma?: IToken[];
  Where?: IToken[];
  expr?: ExprCstNode[];
  Colon: IToken[];
  left: BitsCstNode[];
  op?: (IToken)[];
  right: BitsCstNode[];
  WithinWord?: IToken[];
  tol?: TolCstNode[];
  Semicolon: IToken[];
};

export interface ForallBinderCstNode extends Located {
  name: "forallBinder";
  children: ForallBinderCstChildren;
}

export type ForallBinderCstChildren = {
  Id: IToken[];
  In: IToken[];
  domain: DomainCstNode[];
};

export interface ToleranceCstNode extends Located {
  name: "tolerance";
  children: ToleranceCstChildren;
}

export type ToleranceCstChildren = {
  Tolerance: IToken[];
  Id: IToken[];
  Equals: IToken[];
  tol: TolCstNode[];
  Semicolon: IToken[];
};

export interface TolCstNode extends Located {
  name: "tol";
  children: TolCstChildren;
}

export type TolCstChildren = {
  AutoWord?: IToken[];
  ExactWord?: IToken[];
  UlpWord?: IToken[];
  BoundWord?: IToken[];
  LParen?: IToken[];
  num?: (NumCstNode)[];
  RParen?: IToken[];
  AbsWord?: IToken[];
  RelWord?: IToken[];
  relative?: NumCstNode[];
};

export interface NumCstNode extends Located {
  name: "num";
  children: NumCstChildren;
}

export type NumCstChildren = {
  Int?: IToken[];
  Float?: IToken[];
};

export interface TunableCstNode extends Located {
  name: "tunable";
  children: TunableCstChildren;
}

export type TunableCstChildren = {
  Tunable: IToken[];
  Id: IToken[];
  In: IToken[];
  LCurly: IToken[];
  Int: IToken[];
  Comma?: IToken[];
  RCurly: IToken[];
  Semicolon: IToken[];
};

export interface ScheduleCstNode extends Located {
  name: "schedule";
  children: ScheduleCstChildren;
}

export type ScheduleCstChildren = {
  Schedule: IToken[];
  Id?: IToken[];
  LCurly: IToken[];
  knob?: KnobCstNode[];
  RCurly: IToken[];
};

export interface KnobCstNode extends Located {
  name: "knob";
  children: KnobCstChildren;
}

export type KnobCstChildren = {
  Id: IToken[];
  Dot?: IToken[];
  Equals?: IToken[];
  knobValue?: (KnobValueCstNode)[];
  In?: IToken[];
  LCurly?: IToken[];
  Comma?: IToken[];
  RCurly?: IToken[];
  Semicolon: IToken[];
};

export interface KnobValueCstNode extends Located {
  name: "knobValue";
  children: KnobValueCstChildren;
}

export type KnobValueCstChildren = {
  num?: NumCstNode[];
  Id?: IToken[];
  Constant?: IToken[];
  Text?: IToken[];
};

export interface ModuleCstNode extends Located {
  name: "module";
  children: ModuleCstChildren;
}

export type ModuleCstChildren = {
  item?: ItemCstNode[];
};

export interface ItemCstNode extends Located {
  name: "item";
  children: ItemCstChildren;
}

export type ItemCstChildren = {
  importDecl?: ImportDeclCstNode[];
  fnDecl?: FnDeclCstNode[];
  opDecl?: OpDeclCstNode[];
};

export interface ImportDeclCstNode extends Located {
  name: "importDecl";
  children: ImportDeclCstChildren;
}

export type ImportDeclCstChildren = {
  Import: IToken[];
  LCurly: IToken[];
  declName: DeclNameCstNode[];
  Comma?: IToken[];
  RCurly: IToken[];
  FromWord: IToken[];
  Text: IToken[];
  Semicolon: IToken[];
};

export interface FnDeclCstNode extends Located {
  name: "fnDecl";
  children: FnDeclCstChildren;
}

export type FnDeclCstChildren = {
  Fn: IToken[];
  name: IToken[];
  LParen: IToken[];
  fnParam?: FnParamCstNode[];
  Comma?: IToken[];
  RParen: IToken[];
  Colon?: IToken[];
  result?: IToken[];
  Equals: IToken[];
  expr?: (ExprCstNode)[];
  Semicolon?: IToken[];
  LCurly?: IToken[];
  fnLet?: FnLetCstNode[];
  RCurly?: IToken[];
};

export interface FnParamCstNode extends Located {
  name: "fnParam";
  children: FnParamCstChildren;
}

export type FnParamCstChildren = {
  name: IToken[];
  Colon?: IToken[];
  type?: IToken[];
};

export interface FnLetCstNode extends Located {
  name: "fnLet";
  children: FnLetCstChildren;
}

export type FnLetCstChildren = {
  Let: IToken[];
  Id: IToken[];
  Equals: IToken[];
  expr: ExprCstNode[];
  Semicolon: IToken[];
};

export interface OpDeclCstNode extends Located {
  name: "opDecl";
  children: OpDeclCstChildren;
}

export type OpDeclCstChildren = {
  Op: IToken[];
  declName: DeclNameCstNode[];
  Less?: IToken[];
  typeParam?: TypeParamCstNode[];
  Comma?: (IToken)[];
  Greater?: IToken[];
  LParen: (IToken)[];
  param: ParamCstNode[];
  RParen: (IToken)[];
  Arrow: IToken[];
  result?: ResultCstNode[];
  dimDecl?: DimDeclCstNode[];
  Where?: IToken[];
  cond?: CondCstNode[];
  LCurly: IToken[];
  body: BodyCstNode[];
  RCurly: IToken[];
};

export interface TypeParamCstNode extends Located {
  name: "typeParam";
  children: TypeParamCstChildren;
}

export type TypeParamCstChildren = {
  name: IToken[];
  In: IToken[];
  LCurly: IToken[];
  choice: IToken[];
  Comma?: IToken[];
  RCurly: IToken[];
};

export interface ParamCstNode extends Located {
  name: "param";
  children: ParamCstChildren;
}

export type ParamCstChildren = {
  Const?: IToken[];
  Inout?: IToken[];
  Id: IToken[];
  list?: ListCstNode[];
  Colon: IToken[];
  type: TypeCstNode[];
  Equals?: IToken[];
  expr?: ExprCstNode[];
};

export interface ResultCstNode extends Located {
  name: "result";
  children: ResultCstChildren;
}

export type ResultCstChildren = {
  Id: IToken[];
  list?: ListCstNode[];
  Colon: IToken[];
  type: TypeCstNode[];
};

export interface DimDeclCstNode extends Located {
  name: "dimDecl";
  children: DimDeclCstChildren;
}

export type DimDeclCstChildren = {
  DimWord: IToken[];
  Id: IToken[];
  Equals: IToken[];
  size: SizeCstNode[];
  Semicolon: IToken[];
};

export interface BodyCstNode extends Located {
  name: "body";
  children: BodyCstChildren;
}

export type BodyCstChildren = {
  stmt?: StmtCstNode[];
};
