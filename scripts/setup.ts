import { execaSync } from 'execa';
import { installTriton } from '../src/backends/triton/toolchain.ts';

/** What the tests need besides the npm packages: a C++ compiler, Python with Triton, clang for RISC-V and AMD's GPUs, and an emulator of RISC-V. Installs it where that is possible without asking. */
const works = (command: string, ...args: string[]): boolean =>
  !execaSync(command, args.length === 0 ? ['--version'] : args, { reject: false }).failed;
function need(packages: readonly string[], what: string): void {
  const root = process.getuid?.() === 0;
  if (root && works('apt-get')) {
    // One index out of reach is no reason to stop: what is needed may be in another.
    execaSync('apt-get', ['update'], { stdio: 'inherit', reject: false });
    execaSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { stdio: 'inherit' });
    return;
  }
  console.error(`${what}: install ${packages.join(', ')} (Debian, Ubuntu: apt-get install) and run this again.`);
  process.exit(4);
}

if (!works('g++') && !works('clang++')) need(['g++'], 'The tests compile C++');
if (!works('python3', '-c', 'import venv, ensurepip'))
  need(['python3', 'python3-venv'], 'The tests of Triton modules run Python');
if (!works('clang++-19') || !works('riscv64-linux-gnu-g++') || !works('qemu-riscv64'))
  need(
    ['clang-19', 'lld-19', 'g++-riscv64-linux-gnu', 'libc6-dev-riscv64-cross', 'qemu-user'],
    'The tests of MTIA kernels build for RISC-V and run in qemu',
  );
// Without nvcc the tests of what NVIDIA's compiler makes of kernels are skipped.
const problem = await installTriton();
if (problem !== undefined) {
  console.error(`Triton could not be installed:\n${problem}`);
  process.exit(4);
}
