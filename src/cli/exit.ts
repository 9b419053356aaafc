/** Exit codes of the command: a contract with scripts. */
export const EXIT = {
  ok: 0,
  /** Errors in the source file. */
  source: 1,
  /** Wrong usage: unknown options, missing shapes, files that do not fit. */
  usage: 2,
  /** A kernel differs from the reference. */
  verification: 3,
  /** A compiler or runner that the target needs is not on this machine. */
  toolchain: 4,
  /** The budget ended before any valid config was found. */
  budget: 5,
  /** A bug of ktune. */
  internal: 70,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
