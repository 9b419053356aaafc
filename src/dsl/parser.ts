import { CstParser, tokenMatcher } from 'chevrotain';
import { expectation } from './expectation.ts';
import { CLASS, Float, Hex, Id, Int, REDUCER, SOFT, SYMBOL, Text, TOKENS, WORD } from './tokens.ts';

/**
 * The grammar: rules without actions, which build a concrete syntax tree. Rule names are those of `grammar/ktune.ebnf`;
 * a test compares the two. The rules recurse on brackets and `if` only, so depth is bounded before the parser runs.
 */
export class KtuneParser extends CstParser {
  constructor() {
    super(TOKENS, { recoveryEnabled: true, maxLookahead: 3, nodeLocationTracking: 'onlyOffset', errorMessageProvider: expectation });
    this.performSelfAnalysis();
  }

  readonly module = this.RULE('module', () => {
    this.MANY(() => this.SUBRULE(this.item));
  });

  readonly item = this.RULE('item', () => {
    this.OR([{ ALT: () => this.SUBRULE(this.importDecl) }, { ALT: () => this.SUBRULE(this.fnDecl) }, { ALT: () => this.SUBRULE(this.opDecl) }]);
  });

  readonly importDecl = this.RULE('importDecl', () => {
    this.CONSUME(WORD.import);
    this.CONSUME(SYMBOL.LCurly);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.declName) });
    this.CONSUME(SYMBOL.RCurly);
    this.CONSUME(SOFT.from);
    this.CONSUME(Text);
    this.CONSUME(SYMBOL.Semicolon);
  });

  /** Names of operators may be reducers: `op softmax`. */
  readonly declName = this.RULE('declName', () => {
    this.OR([{ ALT: () => this.CONSUME(Id) }, { ALT: () => this.CONSUME(CLASS.Reducer) }]);
  });

  readonly fnDecl = this.RULE('fnDecl', () => {
    this.CONSUME(WORD.fn);
    this.CONSUME(Id, { LABEL: 'name' });
    this.CONSUME(SYMBOL.LParen);
    this.MANY_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.fnParam) });
    this.CONSUME(SYMBOL.RParen);
    this.OPTION(() => {
      this.CONSUME(SYMBOL.Colon);
      this.CONSUME2(Id, { LABEL: 'result' });
    });
    this.CONSUME(SYMBOL.Equals);
    this.OR([
      {
        ALT: () => {
          this.SUBRULE(this.expr);
          this.CONSUME(SYMBOL.Semicolon);
        },
      },
      {
        ALT: () => {
          this.CONSUME(SYMBOL.LCurly);
          this.MANY(() => this.SUBRULE(this.fnLet));
          this.SUBRULE2(this.expr);
          this.CONSUME(SYMBOL.RCurly);
        },
      },
    ]);
  });

  readonly fnParam = this.RULE('fnParam', () => {
    this.CONSUME(Id, { LABEL: 'name' });
    this.OPTION(() => {
      this.CONSUME(SYMBOL.Colon);
      this.CONSUME2(Id, { LABEL: 'type' });
    });
  });

  readonly fnLet = this.RULE('fnLet', () => {
    this.CONSUME(WORD.let);
    this.CONSUME(Id);
    this.CONSUME(SYMBOL.Equals);
    this.SUBRULE(this.expr);
    this.CONSUME(SYMBOL.Semicolon);
  });

  readonly opDecl = this.RULE('opDecl', () => {
    this.CONSUME(WORD.op);
    this.SUBRULE(this.declName);
    this.OPTION(() => {
      this.CONSUME(SYMBOL.Less);
      this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.typeParam) });
      this.CONSUME(SYMBOL.Greater);
    });
    this.CONSUME(SYMBOL.LParen);
    this.AT_LEAST_ONE_SEP2({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.param) });
    this.CONSUME(SYMBOL.RParen);
    this.CONSUME(SYMBOL.Arrow);
    this.CONSUME2(SYMBOL.LParen);
    this.MANY_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.result) });
    this.CONSUME2(SYMBOL.RParen);
    this.MANY(() => this.SUBRULE(this.dimDecl));
    this.OPTION2(() => {
      this.CONSUME(WORD.where);
      this.AT_LEAST_ONE_SEP3({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.cond) });
    });
    this.CONSUME(SYMBOL.LCurly);
    this.MANY2(() => this.SUBRULE(this.stmt));
    this.CONSUME(SYMBOL.RCurly);
  });

  readonly typeParam = this.RULE('typeParam', () => {
    this.CONSUME(Id, { LABEL: 'name' });
    this.CONSUME(WORD.in);
    this.CONSUME(SYMBOL.LCurly);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.CONSUME2(Id, { LABEL: 'choice' }) });
    this.CONSUME(SYMBOL.RCurly);
  });

  readonly param = this.RULE('param', () => {
    this.OPTION(() => {
      this.OR([{ ALT: () => this.CONSUME(WORD.const) }, { ALT: () => this.CONSUME(WORD.inout) }]);
    });
    this.CONSUME(Id);
    this.OPTION2(() => this.SUBRULE(this.list));
    this.CONSUME(SYMBOL.Colon);
    this.SUBRULE(this.type);
    this.OPTION3(() => {
      this.CONSUME(SYMBOL.Equals);
      this.SUBRULE(this.expr);
    });
  });

  readonly result = this.RULE('result', () => {
    this.CONSUME(Id);
    this.OPTION(() => this.SUBRULE(this.list));
    this.CONSUME(SYMBOL.Colon);
    this.SUBRULE(this.type);
  });

  readonly list = this.RULE('list', () => {
    this.CONSUME(SYMBOL.LCurly);
    this.CONSUME(Id);
    this.CONSUME(WORD.in);
    this.SUBRULE(this.size);
    this.CONSUME(SYMBOL.RCurly);
  });

  readonly type = this.RULE('type', () => {
    this.OR([{ ALT: () => this.SUBRULE(this.row) }, { ALT: () => this.CONSUME(Id) }]);
    this.OPTION(() => {
      this.CONSUME(SYMBOL.LSquare);
      this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.axis) });
      this.CONSUME(SYMBOL.RSquare);
    });
  });

  readonly row = this.RULE('row', () => {
    this.CONSUME(SOFT.row);
    this.CONSUME(SYMBOL.LCurly);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.rowField) });
    this.CONSUME(SYMBOL.RCurly);
  });

  readonly rowField = this.RULE('rowField', () => {
    this.CONSUME(Id);
    this.CONSUME(SYMBOL.Colon);
    this.SUBRULE(this.type);
  });

  readonly axis = this.RULE('axis', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.packAxis) },
      { ALT: () => this.SUBRULE(this.raggedAxis) },
      /** `pairs(F)` reads as a call too; here it is always the axis. */
      { ALT: () => this.SUBRULE(this.pairsAxis), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.SUBRULE(this.size) },
    ]);
  });

  readonly packAxis = this.RULE('packAxis', () => {
    this.CONSUME(SYMBOL.Star);
    this.CONSUME(Id);
  });

  readonly raggedAxis = this.RULE('raggedAxis', () => {
    this.CONSUME(SYMBOL.Tilde);
    this.CONSUME(Id, { LABEL: 'name' });
    this.OPTION(() => {
      this.CONSUME(SYMBOL.LCurly);
      this.CONSUME2(Id, { LABEL: 'list' });
      this.CONSUME(SYMBOL.RCurly);
    });
    this.CONSUME(SYMBOL.LParen);
    this.CONSUME3(Id, { LABEL: 'offsets' });
    this.OPTION2(() => {
      this.CONSUME2(SYMBOL.LCurly);
      this.CONSUME4(Id, { LABEL: 'offsetsList' });
      this.CONSUME2(SYMBOL.RCurly);
    });
    this.CONSUME(SYMBOL.RParen);
  });

  readonly pairsAxis = this.RULE('pairsAxis', () => {
    this.CONSUME(SOFT.pairs);
    this.CONSUME(SYMBOL.LParen);
    this.SUBRULE(this.size);
    this.CONSUME(SYMBOL.RParen);
  });

  readonly dimDecl = this.RULE('dimDecl', () => {
    this.CONSUME(SOFT.dim);
    this.CONSUME(Id);
    this.CONSUME(SYMBOL.Equals);
    this.SUBRULE(this.size);
    this.CONSUME(SYMBOL.Semicolon);
  });

  readonly cond = this.RULE('cond', () => {
    this.SUBRULE(this.size, { LABEL: 'left' });
    this.CONSUME(CLASS.FactOp);
    this.SUBRULE2(this.size, { LABEL: 'right' });
  });

  readonly size = this.RULE('size', () => {
    this.SUBRULE(this.sizeMul);
    this.MANY(() => {
      this.CONSUME(CLASS.AddOp);
      this.SUBRULE2(this.sizeMul);
    });
  });

  readonly sizeMul = this.RULE('sizeMul', () => {
    this.SUBRULE(this.sizeUnary);
    this.MANY(() => {
      this.CONSUME(CLASS.MulOp);
      this.SUBRULE2(this.sizeUnary);
    });
  });

  readonly sizeUnary = this.RULE('sizeUnary', () => {
    this.OPTION(() => this.CONSUME(SYMBOL.Minus));
    this.SUBRULE(this.sizeAtom);
  });

  readonly sizeAtom = this.RULE('sizeAtom', () => {
    this.OR([
      { ALT: () => this.CONSUME(Int) },
      { ALT: () => this.CONSUME(Hex) },
      { ALT: () => this.SUBRULE(this.sizeCall) },
      { ALT: () => this.CONSUME(Id) },
      { ALT: () => this.SUBRULE(this.sizeParen) },
    ]);
  });

  readonly sizeCall = this.RULE('sizeCall', () => {
    this.SUBRULE(this.declName);
    this.CONSUME(SYMBOL.LParen);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.arg) });
    this.CONSUME(SYMBOL.RParen);
  });

  readonly sizeParen = this.RULE('sizeParen', () => {
    this.CONSUME(SYMBOL.LParen);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.size) });
    this.CONSUME(SYMBOL.RParen);
  });

  readonly stmt = this.RULE('stmt', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.let) },
      { ALT: () => this.SUBRULE(this.ragged) },
      { ALT: () => this.SUBRULE(this.pack) },
      { ALT: () => this.SUBRULE(this.scatter) },
      { ALT: () => this.SUBRULE(this.recur) },
      { ALT: () => this.SUBRULE(this.property) },
      { ALT: () => this.SUBRULE(this.tolerance) },
      { ALT: () => this.SUBRULE(this.tunable) },
      { ALT: () => this.SUBRULE(this.schedule) },
      { ALT: () => this.SUBRULE(this.def) },
    ]);
  });

  /** With `=` a definition; without, a temporary (`let h: i64[K];`). */
  readonly let = this.RULE('let', () => {
    this.CONSUME(WORD.let);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.target) });
    this.OPTION(() => {
      this.OPTION2(() => {
        this.CONSUME(WORD.where);
        this.SUBRULE(this.expr);
      });
      this.CONSUME(SYMBOL.Equals);
      this.SUBRULE(this.rhs);
    });
    this.CONSUME(SYMBOL.Semicolon);
  });

  readonly def = this.RULE('def', () => {
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.target) });
    this.OPTION(() => {
      this.CONSUME(WORD.where);
      this.SUBRULE(this.expr);
    });
    this.CONSUME(SYMBOL.Equals);
    this.SUBRULE(this.rhs);
    this.CONSUME(SYMBOL.Semicolon);
  });

  readonly rhs = this.RULE('rhs', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.select) },
      {
        ALT: () => {
          this.OPTION(() => this.CONSUME(WORD.near));
          this.SUBRULE(this.expr);
        },
      },
    ]);
  });

  readonly select = this.RULE('select', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(WORD.topk);
          this.CONSUME(SYMBOL.Less);
          this.SUBRULE(this.size);
          this.CONSUME(SYMBOL.Greater);
        },
      },
      { ALT: () => this.CONSUME(WORD.sort) },
    ]);
    this.CONSUME(SYMBOL.LSquare);
    this.CONSUME(Id);
    this.CONSUME(SYMBOL.RSquare);
    this.CONSUME(SYMBOL.LParen);
    this.SUBRULE(this.expr);
    this.CONSUME(SYMBOL.RParen);
    this.OPTION(() => {
      this.OR2([{ ALT: () => this.CONSUME(SOFT.descending) }, { ALT: () => this.CONSUME(SOFT.ascending) }]);
    });
  });

  readonly target = this.RULE('target', () => {
    this.CONSUME(Id, { LABEL: 'name' });
    this.OPTION(() => {
      this.CONSUME(SYMBOL.LCurly);
      this.CONSUME2(Id, { LABEL: 'list' });
      this.CONSUME(SYMBOL.RCurly);
    });
    this.OPTION2(() => this.SUBRULE(this.lhsList, { LABEL: 'index' }));
    this.OPTION3(() => {
      this.CONSUME(SYMBOL.Dot);
      this.CONSUME3(Id, { LABEL: 'field' });
      this.OPTION4(() => this.SUBRULE2(this.lhsList, { LABEL: 'fieldIndex' }));
    });
    this.OPTION5(() => {
      this.CONSUME(SYMBOL.Colon);
      this.SUBRULE(this.type);
    });
  });

  readonly lhsList = this.RULE('lhsList', () => {
    this.CONSUME(SYMBOL.LSquare);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.lhs) });
    this.CONSUME(SYMBOL.RSquare);
  });

  readonly lhs = this.RULE('lhs', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.binder) },
      { ALT: () => this.CONSUME(Int) },
      {
        ALT: () => {
          this.CONSUME(SYMBOL.LParen);
          this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.lhs) });
          this.CONSUME(SYMBOL.RParen);
        },
      },
    ]);
  });

  readonly binder = this.RULE('binder', () => {
    this.CONSUME(Id);
    this.OPTION(() => {
      this.CONSUME(WORD.in);
      this.SUBRULE(this.domain);
    });
  });

  readonly domain = this.RULE('domain', () => {
    this.SUBRULE(this.size);
    this.OPTION(() => {
      this.CONSUME(SYMBOL.Range);
      this.SUBRULE2(this.size, { LABEL: 'hi' });
    });
  });

  readonly ragged = this.RULE('ragged', () => {
    this.CONSUME(WORD.ragged);
    this.CONSUME(Id, { LABEL: 'name' });
    this.OPTION(() => {
      this.CONSUME(SYMBOL.LCurly);
      this.CONSUME2(Id, { LABEL: 'list' });
      this.CONSUME(SYMBOL.RCurly);
    });
    this.SUBRULE(this.names);
    this.CONSUME(SYMBOL.Equals);
    this.SUBRULE(this.expr);
    this.CONSUME(SYMBOL.Semicolon);
  });

  readonly names = this.RULE('names', () => {
    this.CONSUME(SYMBOL.LSquare);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.CONSUME(Id) });
    this.CONSUME(SYMBOL.RSquare);
  });

  readonly pack = this.RULE('pack', () => {
    this.CONSUME(WORD.pack);
    this.CONSUME(Id, { LABEL: 'name' });
    this.SUBRULE(this.names);
    this.CONSUME(SOFT.from);
    this.CONSUME2(Id, { LABEL: 'source' });
    this.CONSUME(WORD.where);
    this.SUBRULE(this.expr);
    this.CONSUME(SYMBOL.Colon);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.packOut) });
    this.CONSUME(SYMBOL.Semicolon);
  });

  readonly packOut = this.RULE('packOut', () => {
    this.CONSUME(Id);
    this.CONSUME(SYMBOL.Equals);
    this.SUBRULE(this.expr);
  });

  readonly scatter = this.RULE('scatter', () => {
    this.CONSUME(WORD.scatter);
    this.OR([
      { ALT: () => this.CONSUME(SOFT.add, { LABEL: 'op' }) },
      { ALT: () => this.CONSUME(REDUCER.max, { LABEL: 'op' }) },
      { ALT: () => this.CONSUME(REDUCER.min, { LABEL: 'op' }) },
      { ALT: () => this.CONSUME(SOFT.or, { LABEL: 'op' }) },
      { ALT: () => this.CONSUME(SOFT.unique, { LABEL: 'op' }) },
    ]);
    this.CONSUME(Id);
    this.CONSUME(SYMBOL.LSquare);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.scatterIndex) });
    this.CONSUME(SYMBOL.RSquare);
    this.OPTION(() => {
      this.CONSUME(WORD.where);
      this.SUBRULE(this.expr, { LABEL: 'domain' });
    });
    this.CONSUME(SYMBOL.Equals);
    this.SUBRULE2(this.expr, { LABEL: 'value' });
    this.CONSUME(SOFT.init);
    this.SUBRULE3(this.expr, { LABEL: 'start' });
    this.CONSUME(SYMBOL.Semicolon);
  });

  readonly scatterIndex = this.RULE('scatterIndex', () => {
    this.OPTION(() => {
      this.OR([{ ALT: () => this.CONSUME(SOFT.drop) }, { ALT: () => this.CONSUME(WORD.clamp) }]);
    });
    this.SUBRULE(this.expr);
  });

  readonly recur = this.RULE('recur', () => {
    this.AT_LEAST_ONE(() => {
      this.CONSUME(SOFT.state);
      this.SUBRULE(this.def, { LABEL: 'states' });
    });
    this.CONSUME(WORD.for);
    this.CONSUME(Id);
    this.CONSUME(WORD.in);
    this.SUBRULE(this.domain);
    this.CONSUME(SYMBOL.LCurly);
    this.MANY(() => this.SUBRULE(this.step));
    this.CONSUME(SYMBOL.RCurly);
  });

  readonly step = this.RULE('step', () => {
    this.OR([{ ALT: () => this.SUBRULE(this.let) }, { ALT: () => this.SUBRULE(this.def) }]);
  });

  readonly property = this.RULE('property', () => {
    this.CONSUME(WORD.property);
    this.CONSUME(Text);
    this.OPTION(() => {
      this.CONSUME(WORD.forall);
      this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.forallBinder) });
    });
    this.OPTION2(() => {
      this.CONSUME(WORD.where);
      this.SUBRULE(this.expr);
    });
    this.CONSUME(SYMBOL.Colon);
    this.SUBRULE(this.bits, { LABEL: 'left' });
    this.OR([
      { ALT: () => this.CONSUME(SYMBOL.Approx, { LABEL: 'op' }) },
      { ALT: () => this.CONSUME(SYMBOL.EqEq, { LABEL: 'op' }) },
      { ALT: () => this.CONSUME(SYMBOL.LessEq, { LABEL: 'op' }) },
    ]);
    this.SUBRULE2(this.bits, { LABEL: 'right' });
    this.OPTION3(() => {
      this.CONSUME(SOFT.within);
      this.SUBRULE(this.tol);
    });
    this.CONSUME(SYMBOL.Semicolon);
  });

  readonly forallBinder = this.RULE('forallBinder', () => {
    this.CONSUME(Id);
    this.CONSUME(WORD.in);
    this.SUBRULE(this.domain);
  });

  readonly tolerance = this.RULE('tolerance', () => {
    this.CONSUME(WORD.tolerance);
    this.CONSUME(Id);
    this.CONSUME(SYMBOL.Equals);
    this.SUBRULE(this.tol);
    this.CONSUME(SYMBOL.Semicolon);
  });

  readonly tol = this.RULE('tol', () => {
    this.OR([
      { ALT: () => this.CONSUME(SOFT.auto) },
      { ALT: () => this.CONSUME(SOFT.exact) },
      {
        ALT: () => {
          this.OR2([{ ALT: () => this.CONSUME(SOFT.ulp) }, { ALT: () => this.CONSUME(SOFT.bound) }]);
          this.CONSUME(SYMBOL.LParen);
          this.SUBRULE(this.num);
          this.CONSUME(SYMBOL.RParen);
        },
      },
      {
        ALT: () => {
          this.CONSUME(SOFT.abs);
          this.SUBRULE2(this.num);
          this.CONSUME(SOFT.rel);
          this.SUBRULE3(this.num, { LABEL: 'relative' });
        },
      },
    ]);
  });

  readonly num = this.RULE('num', () => {
    this.OR([{ ALT: () => this.CONSUME(Int) }, { ALT: () => this.CONSUME(Float) }]);
  });

  readonly tunable = this.RULE('tunable', () => {
    this.CONSUME(WORD.tunable);
    this.CONSUME(Id);
    this.CONSUME(WORD.in);
    this.CONSUME(SYMBOL.LCurly);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.CONSUME(Int) });
    this.CONSUME(SYMBOL.RCurly);
    this.CONSUME(SYMBOL.Semicolon);
  });

  readonly schedule = this.RULE('schedule', () => {
    this.CONSUME(WORD.schedule);
    this.OPTION(() => this.CONSUME(Id));
    this.CONSUME(SYMBOL.LCurly);
    this.MANY(() => this.SUBRULE(this.knob));
    this.CONSUME(SYMBOL.RCurly);
  });

  readonly knob = this.RULE('knob', () => {
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Dot, DEF: () => this.CONSUME(Id) });
    this.OR([
      {
        ALT: () => {
          this.CONSUME(SYMBOL.Equals);
          this.SUBRULE(this.knobValue);
        },
      },
      {
        ALT: () => {
          this.CONSUME(WORD.in);
          this.CONSUME(SYMBOL.LCurly);
          this.AT_LEAST_ONE_SEP2({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE2(this.knobValue) });
          this.CONSUME(SYMBOL.RCurly);
        },
      },
    ]);
    this.CONSUME(SYMBOL.Semicolon);
  });

  readonly knobValue = this.RULE('knobValue', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.num) },
      { ALT: () => this.CONSUME(Id) },
      { ALT: () => this.CONSUME(CLASS.Constant) },
      { ALT: () => this.CONSUME(Text) },
    ]);
  });

  readonly expr = this.RULE('expr', () => {
    this.OR([{ ALT: () => this.SUBRULE(this.ifExpr) }, { ALT: () => this.SUBRULE(this.orExpr) }]);
  });

  readonly ifExpr = this.RULE('ifExpr', () => {
    this.CONSUME(WORD.if);
    this.SUBRULE(this.expr, { LABEL: 'cond' });
    this.CONSUME(WORD.then);
    this.SUBRULE2(this.expr, { LABEL: 'yes' });
    this.CONSUME(WORD.else);
    this.SUBRULE3(this.expr, { LABEL: 'no' });
  });

  readonly orExpr = this.RULE('orExpr', () => {
    this.SUBRULE(this.andExpr);
    this.MANY(() => {
      this.CONSUME(SYMBOL.OrOr);
      this.SUBRULE2(this.andExpr);
    });
  });

  readonly andExpr = this.RULE('andExpr', () => {
    this.SUBRULE(this.cmp);
    this.MANY(() => {
      this.CONSUME(SYMBOL.AndAnd);
      this.SUBRULE2(this.cmp);
    });
  });

  readonly cmp = this.RULE('cmp', () => {
    this.SUBRULE(this.bits);
    this.OPTION(() => {
      this.CONSUME(CLASS.CmpOp);
      this.SUBRULE2(this.bits);
    });
  });

  readonly bits = this.RULE('bits', () => {
    this.SUBRULE(this.shift);
    this.MANY(() => {
      this.CONSUME(CLASS.BitOp);
      this.SUBRULE2(this.shift);
    });
  });

  readonly shift = this.RULE('shift', () => {
    this.SUBRULE(this.add);
    this.MANY(() => {
      this.CONSUME(CLASS.ShiftOp);
      this.SUBRULE2(this.add);
    });
  });

  readonly add = this.RULE('add', () => {
    this.SUBRULE(this.mul);
    this.MANY(() => {
      this.CONSUME(CLASS.AddOp);
      this.SUBRULE2(this.mul);
    });
  });

  readonly mul = this.RULE('mul', () => {
    this.SUBRULE(this.cast);
    this.MANY(() => {
      this.CONSUME(CLASS.MulOp);
      this.SUBRULE2(this.cast);
    });
  });

  readonly cast = this.RULE('cast', () => {
    this.SUBRULE(this.unary);
    this.MANY(() => {
      this.CONSUME(CLASS.CastOp);
      this.CONSUME(Id);
    });
  });

  readonly unary = this.RULE('unary', () => {
    this.OPTION(() => this.CONSUME(CLASS.UnaryOp));
    this.SUBRULE(this.atom);
  });

  readonly atom = this.RULE('atom', () => {
    this.OR([
      { ALT: () => this.CONSUME(Int) },
      { ALT: () => this.CONSUME(Hex) },
      { ALT: () => this.CONSUME(Float) },
      { ALT: () => this.CONSUME(CLASS.Constant) },
      { ALT: () => this.SUBRULE(this.reduce) },
      { GATE: () => this.startsCall(), ALT: () => this.SUBRULE(this.call) },
      { ALT: () => this.SUBRULE(this.access) },
      { ALT: () => this.SUBRULE(this.paren) },
      { ALT: () => this.SUBRULE(this.strict) },
    ]);
  });

  readonly paren = this.RULE('paren', () => {
    this.CONSUME(SYMBOL.LParen);
    this.SUBRULE(this.expr);
    this.OPTION(() => {
      this.OR([
        {
          ALT: () => {
            this.AT_LEAST_ONE(() => {
              this.CONSUME(SYMBOL.Comma);
              this.SUBRULE2(this.expr);
            });
          },
        },
        {
          ALT: () => {
            this.CONSUME(SYMBOL.Else);
            this.SUBRULE3(this.expr, { LABEL: 'other' });
          },
        },
      ]);
    });
    this.CONSUME(SYMBOL.RParen);
  });

  readonly strict = this.RULE('strict', () => {
    this.CONSUME(WORD.strict);
    this.CONSUME(SYMBOL.LParen);
    this.SUBRULE(this.expr);
    this.CONSUME(SYMBOL.RParen);
  });

  readonly call = this.RULE('call', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(Id, { LABEL: 'callee' });
          this.OPTION(() => {
            this.CONSUME(SYMBOL.Less);
            this.CONSUME2(Id, { LABEL: 'type' });
            this.CONSUME(SYMBOL.Greater);
          });
        },
      },
      { ALT: () => this.CONSUME(CLASS.Reducer, { LABEL: 'callee' }) },
    ]);
    this.CONSUME(SYMBOL.LParen);
    this.MANY_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.arg) });
    this.CONSUME(SYMBOL.RParen);
  });

  readonly arg = this.RULE('arg', () => {
    this.OPTION(() => {
      this.CONSUME(Id);
      this.CONSUME(SYMBOL.Equals);
    });
    this.SUBRULE(this.expr, { LABEL: 'value' });
    this.OPTION2(() => {
      this.CONSUME(SYMBOL.Else);
      this.SUBRULE2(this.expr, { LABEL: 'other' });
    });
  });

  readonly access = this.RULE('access', () => {
    this.CONSUME(Id);
    this.OPTION(() => {
      this.CONSUME(SYMBOL.LCurly);
      this.SUBRULE(this.expr);
      this.CONSUME(SYMBOL.RCurly);
    });
    this.OPTION2(() => this.SUBRULE(this.indices));
    this.MANY(() => this.SUBRULE(this.field));
  });

  readonly field = this.RULE('field', () => {
    this.CONSUME(SYMBOL.Dot);
    this.CONSUME(Id);
    this.OPTION(() => this.SUBRULE(this.indices));
  });

  readonly indices = this.RULE('indices', () => {
    this.CONSUME(SYMBOL.LSquare);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.index) });
    this.CONSUME(SYMBOL.RSquare);
  });

  readonly index = this.RULE('index', () => {
    this.OPTION(() => {
      this.OR([{ ALT: () => this.CONSUME(WORD.clamp) }, { ALT: () => this.CONSUME(WORD.unchecked) }]);
    });
    this.SUBRULE(this.expr);
  });

  readonly reduce = this.RULE('reduce', () => {
    this.CONSUME(CLASS.Reducer);
    this.OPTION(() => {
      this.CONSUME(SYMBOL.Less);
      this.CONSUME(Id);
      this.CONSUME(SYMBOL.Greater);
    });
    this.CONSUME(SYMBOL.LSquare);
    this.AT_LEAST_ONE_SEP({ SEP: SYMBOL.Comma, DEF: () => this.SUBRULE(this.binder) });
    this.OPTION2(() => {
      this.CONSUME(WORD.where);
      this.SUBRULE(this.expr);
    });
    this.CONSUME(SYMBOL.RSquare);
    this.CONSUME(SYMBOL.LParen);
    this.SUBRULE(this.arg);
    this.OPTION3(() => {
      this.CONSUME(SYMBOL.Comma);
      this.SUBRULE2(this.arg);
    });
    this.CONSUME(SYMBOL.RParen);
  });

  /** The one gate: `a <` starts a call only as `a<type>(`; otherwise it is a comparison. */
  private startsCall(): boolean {
    if (!tokenMatcher(this.LA(2), SYMBOL.Less)) return true;
    return tokenMatcher(this.LA(3), Id) && tokenMatcher(this.LA(4), SYMBOL.Greater) && tokenMatcher(this.LA(5), SYMBOL.LParen);
  }
}

/** Built once; `input` is set anew for each declaration. */
export const parser = new KtuneParser();
