import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

const root = join(import.meta.dirname, '../..');
/** The interpreter of the peers' own environment; `node bench/peers/setup.ts` makes it. */
export const peerPython = join(root, '.venv/bin/python');

/** Makes `.venv` with the pinned peers, once. Needs Python 3.10 or later with venv, and the network. */
export async function setupPeers(): Promise<void> {
  if (!existsSync(peerPython)) {
    await execa('python3', ['-m', 'venv', join(root, '.venv')], { stdio: 'inherit' });
  }
  const pins = join(import.meta.dirname, 'requirements.txt');
  await execa(peerPython, ['-m', 'pip', 'install', '--quiet', '--retries', '1', '-r', pins], { stdio: 'inherit' });
}

if (process.argv[1] === import.meta.filename) await setupPeers();
