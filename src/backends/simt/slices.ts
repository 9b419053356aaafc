/** Threads that may have scratch of their own; kernels that use such scratch are launched with so many at most. */
export const SLICES = 256;
