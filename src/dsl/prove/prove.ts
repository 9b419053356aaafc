import type { TExpr } from '../typed.ts';
import { binaryExpr, intLiteral } from './construct.ts';
import { falsity, not, truth, type Formula } from './formula.ts';
import type { Term } from './poly.ts';
import { refute } from './refute.ts';
import { createTranslator, type Translator } from './translate.ts';

/** Facts in translated form; kept while their array lives, since one statement asks many goals under the same facts. */
export interface Session {
  readonly translator: Translator;
  readonly facts: readonly Formula[];
}
const sessions = new WeakMap<readonly TExpr[], Session>();

/** The translation of an array of facts; made once. */
export function sessionOf(facts: readonly TExpr[]): Session {
  const known = sessions.get(facts);
  if (known !== undefined) return known;
  const translator = createTranslator();
  const session: Session = { translator, facts: facts.map(translator.formula) };
  sessions.set(facts, session);
  return session;
}

function collectTerms(f: Formula, into: (term: Term) => void): void {
  if (f.kind === 'ge' || f.kind === 'eq') for (const t of f.poly.values()) into(t);
  else if (f.kind === 'and' || f.kind === 'or') for (const part of f.parts) collectTerms(part, into);
}

/** The axioms of all atoms that the formulas mention, directly or through axioms; and what relates these atoms. */
function background(translator: Translator, formulas: readonly Formula[]): readonly Formula[] {
  const seen = new Set<number>();
  const queue: number[] = [];
  const visit = (atom: number): void => {
    if (seen.has(atom)) return;
    seen.add(atom);
    queue.push(atom);
  };
  const terms: Term[] = [];
  for (const f of formulas) {
    collectTerms(f, (t) => {
      t.atoms.forEach(visit);
      terms.push(t);
    });
  }
  const out: Formula[] = [];
  for (let atom = queue.shift(); atom !== undefined; atom = queue.shift()) {
    const rule = translator.table.axiom(atom);
    if (rule !== truth) out.push(rule);
    collectTerms(rule, (t) => t.atoms.forEach(visit));
  }
  return [...out, ...translator.table.congruences(seen), ...translator.table.separations(seen, terms)];
}

/**
 * True only if `goal` holds at every point where all `facts` hold; false means "not shown".
 * Goal and facts are boolean expressions over integers. Integer arithmetic on dims, parameters and index variables is taken as
 * mathematical; arithmetic on data (reads, unsigned types) wraps as the language says and is resolved only where it provably does not.
 * Dims, `len`, `base` and `total` are known to be at least 0; integer parameters are not (pass `p >= 0` for those that serve as extents).
 * The effort is bounded by a step count, so the answer does not depend on the machine.
 */
export function prove(goal: TExpr, facts: readonly TExpr[]): boolean {
  const session = sessionOf(facts);
  return proveFormula(session, session.translator.formula(goal));
}

function proveFormula(session: Session, goal: Formula): boolean {
  if (goal === truth) return true;
  if (goal.kind === 'and') return goal.parts.every((part) => proveFormula(session, part));
  const denied = not(goal);
  const formulas = [denied, ...session.facts];
  return refute([denied, ...background(session.translator, formulas), ...session.facts]);
}

/** True only if the integer expressions `a` and `b` are equal at every point where all `facts` hold. */
export function proveEqual(a: TExpr, b: TExpr, facts: readonly TExpr[]): boolean {
  return prove(binaryExpr('eq', a, b), facts);
}

/** True only if `0 <= value < extent` wherever all `facts` hold: the obligation of a proven access. */
export function proveInRange(value: TExpr, extent: TExpr, facts: readonly TExpr[]): boolean {
  return prove(binaryExpr('le', intLiteral(0), value), facts) && prove(binaryExpr('lt', value, extent), facts);
}

/** True if the facts contradict each other, so far as the prover sees: no point is left. */
export function contradictory(facts: readonly TExpr[]): boolean {
  return proveFormula(sessionOf(facts), falsity);
}
