import { TypeParser } from './parser-type.ts';
import { CLASS, Float, Id, Int, REDUCER, SOFT, SYMBOL, Text, WORD } from './tokens.ts';

/** Rules of the statements of an operator. */
export abstract class StmtParser extends TypeParser {
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
}
