import { StmtParser } from './parser-stmt.ts';
import { Id, SOFT, SYMBOL, Text, WORD } from './tokens.ts';

/**
 * The grammar: rules without actions, which build a concrete syntax tree. Rule names are those of `grammar/ktune.ebnf`;
 * a test compares the two. Rules recurse on brackets and `if` only, so `checkBrackets` bounds the depth.
 */
export class KtuneParser extends StmtParser {
  constructor(validate: boolean) {
    super(validate);
    this.performSelfAnalysis();
  }

  readonly module = this.RULE('module', () => {
    this.MANY(() => this.SUBRULE(this.item));
  });

  readonly item = this.RULE('item', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.importDecl) },
      { ALT: () => this.SUBRULE(this.fnDecl) },
      { ALT: () => this.SUBRULE(this.opDecl) },
    ]);
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
    this.SUBRULE(this.body);
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

  readonly dimDecl = this.RULE('dimDecl', () => {
    this.CONSUME(SOFT.dim);
    this.CONSUME(Id);
    this.CONSUME(SYMBOL.Equals);
    this.SUBRULE(this.size);
    this.CONSUME(SYMBOL.Semicolon);
  });

  /** Also the rule with which `parse` goes on behind an error. */
  readonly body = this.RULE('body', () => {
    this.MANY(() => this.SUBRULE(this.stmt));
  });
}

/** Built once (a few tens of milliseconds); `input` is set anew for each declaration. */
export const parser = new KtuneParser(false);
