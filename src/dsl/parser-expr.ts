import { CstParser, tokenMatcher } from 'chevrotain';
import { expectation } from './expectation.ts';
import { CLASS, Float, Hex, Id, Int, SYMBOL, TOKENS, WORD } from './tokens.ts';

/**
 * Rules of expressions and sizes. Precedence is by rule, loosest first. Sizes are a language of their own: in them a `{`
 * never follows a name, so that `where N == M {` and `for t in 0..T {` open a block.
 */
export abstract class ExprParser extends CstParser {
  /** `validate` looks for ambiguities and unreachable alternatives: a test does so, a run of the command need not. */
  constructor(validate: boolean) {
    super(TOKENS, {
      maxLookahead: 2,
      nodeLocationTracking: 'onlyOffset',
      errorMessageProvider: expectation,
      skipValidations: !validate,
    });
  }

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
    this.OPTION3(() => this.CONSUME(WORD.clamp));
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

  /** Names of operators may be reducers: `op softmax`. */
  readonly declName = this.RULE('declName', () => {
    this.OR([{ ALT: () => this.CONSUME(Id) }, { ALT: () => this.CONSUME(CLASS.Reducer) }]);
  });

  /** The one gate: `a <` starts a call only as `a<type>(`; otherwise it is a comparison. */
  private startsCall(): boolean {
    if (!tokenMatcher(this.LA(2), SYMBOL.Less)) return true;
    return (
      tokenMatcher(this.LA(3), Id) &&
      tokenMatcher(this.LA(4), SYMBOL.Greater) &&
      tokenMatcher(this.LA(5), SYMBOL.LParen)
    );
  }
}
