/** How a peer writes an operator, in Python: bodies by name. A body is an expression or statements that end in `return`; see bench/peers/peer.py. */
export type Bodies = Readonly<Record<string, string>>;

/** One line of the benchmark: an operator at a shape, and how peers write it. */
export interface BenchCase {
  /** As `--only` names it. */
  readonly name: string;
  /** Operator file, from the root of the project. */
  readonly file: string;
  readonly op: string;
  /** Type parameters, dims, consts, scalars and totals of ragged axes, as in a `shape:` line. */
  readonly shape: string;
  /** Bytes that any implementation has to move, and operations it has to do: what the roofline is made of. */
  readonly bytes: number;
  readonly flops: number;
  /** What an error is a multiple of: one ulp of the element, or one of the result's usual size where terms cancel. */
  readonly ulpOf: 'element' | 'usual';
  /** Statements that run once: arrays that a peer may prepare outside of the timed call. */
  readonly setup?: string;
  /** Run eagerly and compiled, and compiled into arrays that exist. */
  readonly torch: Bodies;
  /** Run eagerly only: forms that write to given arrays. */
  readonly eager?: Bodies;
  /** Run compiled only. */
  readonly compiled?: Bodies;
  readonly numpy?: Bodies;
}
