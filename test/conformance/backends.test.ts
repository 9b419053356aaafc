import { cpp } from '../../src/backends/cpp/cpp.ts';
import { cuda } from '../../src/backends/cuda/cuda.ts';
import { hip } from '../../src/backends/hip/hip.ts';
import { mtia } from '../../src/backends/mtia/mtia.ts';
import { triton } from '../../src/backends/triton/triton.ts';
import { backendSuite, EVERY_KIND } from './backend.suite.ts';
import type { Programs } from './backend.suite.ts';

/** Programs whose loops run in vectors: where the widths of CPUs differ. */
const VECTORS: ReadonlySet<string> = new Set([
  'rmsnorm',
  'sigrid_hash',
  'pooled_embedding',
  'softmax',
  'attention_causal',
  'adamw',
  'maxpool2d',
]);
const vectors = EVERY_KIND.filter(([op]) => VECTORS.has(op));

// Text for wider instruction sets than this CPU has runs in narrower vectors: the numbers are checked all the same.
backendSuite(cpp, 'avx512', vectors, { cases: 10, configs: 1, work: 20_000 });
backendSuite(cpp, 'avx2', EVERY_KIND, { cases: 10, configs: 1, work: 20_000 });
backendSuite(cpp, 'generic', vectors, { cases: 10, configs: 1, work: 20_000 });

/** What blocks of lanes run in ways of their own: tiles in shared memory, scans and folds across a block, several elements a lane. */
const BLOCKS: Programs = [
  ['matmul', 'f16'],
  ['matmul', 'bf16'],
  ['linear_gelu', 'f32'],
  ['conv2d', 'f32'],
  ['column_sum', 'f32'],
  ['layernorm', 'bf16'],
  ['row_quant_int8'],
  ['jagged_dense_add', 'f32'],
  ['cumsum'],
];
// Waves of 32 and of 64.
backendSuite(cuda, 'sm_90', [...EVERY_KIND, ...BLOCKS], { cases: 5, configs: 2, work: 3000 });
backendSuite(hip, 'gfx942', [...EVERY_KIND, ...BLOCKS], { cases: 5, configs: 2, work: 3000 });
// Every kind on vectors of 64 bytes in the emulator; grids of another shape and clock run the same text.
const some = vectors.filter(([op]) => op === 'rmsnorm' || op === 'sigrid_hash' || op === 'pooled_embedding');
backendSuite(mtia, '2i', EVERY_KIND, { cases: 3, configs: 0, work: 3000 });
backendSuite(mtia, '300', some, { cases: 2, configs: 0, work: 3000 });
backendSuite(mtia, '1', some.slice(0, 1), { cases: 2, configs: 0, work: 3000 });
// Triton's interpreter takes its time: few cases, lists of tensors are refused there.
const packed: Programs = [['pooled_embedding_int8']];
const blocks = [...EVERY_KIND, ...BLOCKS, ...packed].filter(([op]) => op !== 'batch_event_truncate_list');
backendSuite(triton, 'sm_90', blocks, { cases: 3, configs: 1, work: 400 });
