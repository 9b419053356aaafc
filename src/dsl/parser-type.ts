import { ExprParser } from './parser-expr.ts';
import { CLASS, Id, SOFT, SYMBOL, WORD } from './tokens.ts';

/** Rules of types, axes and lists of tensors. */
export abstract class TypeParser extends ExprParser {
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

  readonly list = this.RULE('list', () => {
    this.CONSUME(SYMBOL.LCurly);
    this.CONSUME(Id);
    this.CONSUME(WORD.in);
    this.SUBRULE(this.size);
    this.CONSUME(SYMBOL.RCurly);
  });

  readonly cond = this.RULE('cond', () => {
    this.SUBRULE(this.size, { LABEL: 'left' });
    this.CONSUME(CLASS.FactOp);
    this.SUBRULE2(this.size, { LABEL: 'right' });
  });
}
