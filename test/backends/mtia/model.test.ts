import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Config } from '../../../src/codegen/space/space.ts';
import { LIBRARY } from '../../../src/cli/library.ts';
import { model } from '../../../scripts/mtia/model.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'ktune-mtia-model-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const cycles = async (config: Config): Promise<number> => {
  const shape = ['M=512', 'N=512', 'K=512'];
  const file = join(LIBRARY, 'matmul.ktune');
  return (await model(dir, '2i', file, 'matmul', ['T=bf16'], shape, config, /^$/)).cycles;
};

test('modelled cycles of a product hang on no order of PEs, and fall with broadcast and with second slots', async () => {
  const usual = await cycles({});
  expect(await cycles({ broadcast: false })).toBeGreaterThan(usual);
  expect(await cycles({ depth_in: 1, depth_out: 1 })).toBeGreaterThan(usual);
  // A link that carries no time would let the order of PEs show.
  expect(await cycles({ k_split: 8 })).toBeGreaterThan(usual);
}, 120_000);
