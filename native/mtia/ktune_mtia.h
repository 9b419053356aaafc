// Runs kernels written in the shape of MTIA on a modelled grid of processing elements (PEs). Each PE has two cores, A moves data and B computes; they meet
// in circular buffers in the local memory of the PE. Cores are fibres that stop where they wait, taken in order or backwards. What a kernel must not do
// ends the call with a message that names PE, core, circular buffer and line. Define KT_LOCAL_BYTES and KT_DMA_ALIGN as the chip has them.
//
// Time is modelled in cycles of the chip, apart from the order in which fibres run: cores issue, units work in the order of issue, and every slot, link and
// group carries the times at which it was filled and freed. KT_TIME_ONLY leaves out what moves and multiplies data, and keeps the times.
#pragma once
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef KT_LOCAL_BYTES
#define KT_LOCAL_BYTES (384 << 10)
#endif
#ifndef KT_DMA_ALIGN
#define KT_DMA_ALIGN 32
#endif

// Figures of the model that arch.ts does not take from publications: assumptions, named in docs/mtia.md.
#ifndef KT_PORT_BYTES
#define KT_PORT_BYTES 64
#endif
#ifndef KT_LATENCY
#define KT_LATENCY 150
#endif
#ifndef KT_LINK_BYTES
#define KT_LINK_BYTES 128
#endif
#ifndef KT_DPE_BYTES
#define KT_DPE_BYTES 32
#endif
#ifndef KT_DPE_TILES
#define KT_DPE_TILES 2
#endif
#ifndef KT_SE_LANES
#define KT_SE_LANES 32
#endif
#ifndef KT_ISSUE
#define KT_ISSUE 4
#endif

namespace mtia {
typedef long long i64;

/** A circular buffer: bytes of a slot, which begins on a 64-byte border, and how many slots there are. */
struct CbConfig {
  unsigned slotBytes, depth;
};
constexpr unsigned slotStride(unsigned bytes) { return (bytes + 63) & ~63u; }
template <unsigned N>
constexpr unsigned long bytesOf(const CbConfig (&table)[N]) {
  unsigned long sum = 0;
  for (const CbConfig& c : table) sum += (unsigned long)slotStride(c.slotBytes) * c.depth;
  return sum;
}
/** The circular buffers of a kernel, checked against local memory by the compiler. */
#define KT_CB_TABLE(name, ...)                        \
  static constexpr mtia::CbConfig name[] = {__VA_ARGS__}; \
  static_assert(mtia::bytesOf(name) <= KT_LOCAL_BYTES, "the circular buffers exceed local memory")

enum : unsigned { mostPes = 72, mostCbs = 32, mostDepth = 16, redZone = 64 };
/** What popped slots hold: as floats of 32 bits a small negative number that no result hides. */
static const unsigned char poison = 0xa5;
/** What lies behind each slot and must stay. */
static const unsigned char fence = 0x5a;

struct Channel {
  char* base;
  unsigned slotBytes, depth;
  i64 pushed, popped;
  bool reserved, fronted;
  /** Slots that hold poison where they hold no data; the others were never used. */
  unsigned prepared;
  /** By slot: bytes before the data, which begin as far from a border of DMA as in memory, and bytes of data. */
  unsigned lead[mostDepth], used[mostDepth];
  /** Cycles at which each slot was filled, and at which it was free again. */
  i64 filled[mostDepth], freed[mostDepth];
};
struct Pe {
  Channel cbs[mostCbs];
  /** Cycles at which the units are free: DMA in, DMA out, dot-product engine, SIMD engine. */
  i64 dmaIn, dmaOut, dpe, se;
};
static inline i64 later(i64 a, i64 b) { return a > b ? a : b; }
enum State { ready, wantsSpace, wantsData, inGroup, linkFull, linkEmpty, atBarrier, ended };
struct Fibre {
  void* sp;
  unsigned pe;
  char core;
  State state;
  unsigned cb;
  int line;
  /** Cycles of the core. */
  i64 time;
};

static Pe grid[mostPes];
static Fibre fibres[2 * mostPes];
static unsigned pesNow, cbsNow;
/** One core moves data and computes. */
static bool alone;
static Fibre* current;
static void* home;
static bool progress;
static void (*bodies[2])(const void*);
static const void* argumentsNow;
static char report[1024];
/** What all launches since `kt_model` took: cycles, bytes that DMA read and wrote in memory, cycles of dot products of all PEs. */
struct Model {
  i64 cycles, bytesIn, bytesOut, dot;
  /** Bytes by circular buffer, of all kernels. */
  i64 bytes[mostCbs];
};
static Model model;
static inline void move(void* to, const void* from, i64 bytes) {
#ifndef KT_TIME_ONLY
  memcpy(to, from, bytes);
#else
  (void)to, (void)from, (void)bytes;
#endif
}
static inline void zero(void* to, i64 bytes) {
#ifndef KT_TIME_ONLY
  memset(to, 0, bytes);
#else
  (void)to, (void)bytes;
#endif
}
/** Cores of one kind that have come to the barrier, and how often all have. */
static unsigned come[2], rounds[2];
static const unsigned stackBytes = (64 << 10) + 320;

__attribute__((noinline, noreturn, format(printf, 1, 2))) static void fail(const char* format, ...) {
  va_list list;
  va_start(list, format);
  int n = current ? snprintf(report, sizeof report, "PE %u, core %c: ", current->pe, current->core) : 0;
  vsnprintf(report + n, sizeof report - n, format, list);
  va_end(list);
  abort();
}

extern "C" void kt_switch(void** from, void* to);
#if defined(__riscv) && __riscv_xlen == 64
// Vector registers and their settings are the caller's to save.
__asm__(
    ".text\n.type kt_switch,@function\nkt_switch:\n"
    "addi sp,sp,-208\n"
    "sd ra,0(sp)\nsd s0,8(sp)\nsd s1,16(sp)\nsd s2,24(sp)\nsd s3,32(sp)\nsd s4,40(sp)\nsd s5,48(sp)\nsd s6,56(sp)\nsd s7,64(sp)\n"
    "sd s8,72(sp)\nsd s9,80(sp)\nsd s10,88(sp)\nsd s11,96(sp)\n"
    "fsd fs0,104(sp)\nfsd fs1,112(sp)\nfsd fs2,120(sp)\nfsd fs3,128(sp)\nfsd fs4,136(sp)\nfsd fs5,144(sp)\nfsd fs6,152(sp)\n"
    "fsd fs7,160(sp)\nfsd fs8,168(sp)\nfsd fs9,176(sp)\nfsd fs10,184(sp)\nfsd fs11,192(sp)\n"
    "sd sp,0(a0)\nmv sp,a1\n"
    "ld ra,0(sp)\nld s0,8(sp)\nld s1,16(sp)\nld s2,24(sp)\nld s3,32(sp)\nld s4,40(sp)\nld s5,48(sp)\nld s6,56(sp)\nld s7,64(sp)\n"
    "ld s8,72(sp)\nld s9,80(sp)\nld s10,88(sp)\nld s11,96(sp)\n"
    "fld fs0,104(sp)\nfld fs1,112(sp)\nfld fs2,120(sp)\nfld fs3,128(sp)\nfld fs4,136(sp)\nfld fs5,144(sp)\nfld fs6,152(sp)\n"
    "fld fs7,160(sp)\nfld fs8,168(sp)\nfld fs9,176(sp)\nfld fs10,184(sp)\nfld fs11,192(sp)\n"
    "addi sp,sp,208\nret\n");
#else
#error "kernels of MTIA are built for riscv64"
#endif

static void leave() { kt_switch(&current->sp, home); }
static void begin() {
  bodies[current->core == 'B'](argumentsNow);
  current->state = ended;
  progress = true;
  for (;;) leave();
}
static void* fresh(char* top) {
  void** sp = (void**)((unsigned long)top & ~15ul) - 26;
  memset(sp, 0, 208);
  sp[0] = (void*)begin;
  return sp;
}

static Channel& channel(unsigned cb, int line) {
  if (cb >= cbsNow) fail("circular buffer %u is not in the table, line %d", cb, line);
  return grid[current->pe].cbs[cb];
}
static char* slotOf(const Channel& c, i64 n) { return c.base + n % c.depth * (slotStride(c.slotBytes) + redZone); }
static void checkFence(const Channel& c, const char* slot, unsigned cb, int line) {
  for (unsigned k = c.slotBytes; k < slotStride(c.slotBytes) + redZone; ++k)
    if ((unsigned char)slot[k] != fence) fail("circular buffer %u was written behind the end of a slot, line %d", cb, line);
}
template <class F>
static void await(State state, unsigned cb, int line, F done) {
  while (!done()) {
    current->state = state, current->cb = cb, current->line = line;
    leave();
  }
  current->state = ready;
}

/** The PE that runs this, and how many there are. */
static inline unsigned pe() { return current->pe; }
static inline unsigned pes() { return pesNow; }

static inline char* reserve(unsigned cb, const void* like, int line) {
  Channel& c = channel(cb, line);
  await(wantsSpace, cb, line, [&] { return c.pushed - c.popped < c.depth; });
  char* slot = slotOf(c, c.pushed);
  if (c.pushed >= c.prepared) {
    memset(slot, poison, c.slotBytes);
    memset(slot + c.slotBytes, fence, slotStride(c.slotBytes) - c.slotBytes + redZone);
    ++c.prepared;
  }
  c.reserved = true;
  const unsigned k = c.pushed % c.depth;
  c.used[k] = c.slotBytes;
  return slot + (c.lead[k] = (unsigned long)like % KT_DMA_ALIGN);
}
/** The next free slot; waits for one. Data begin as far from a border of DMA as `like` does. */
static inline void* cb_reserve_back(unsigned cb, const void* like = nullptr, int line = __builtin_LINE()) {
  char* slot = reserve(cb, like, line);
  const Channel& c = channel(cb, line);
  current->time = later(current->time, c.freed[c.pushed % c.depth]);
  return slot;
}
static inline void push(unsigned cb, i64 filled, int line) {
  Channel& c = channel(cb, line);
  if (!c.reserved) fail("pushes circular buffer %u without a reserved slot, line %d", cb, line);
  checkFence(c, slotOf(c, c.pushed), cb, line);
  c.reserved = false;
  c.filled[c.pushed % c.depth] = filled;
  ++c.pushed;
  progress = true;
}
/** Hands the reserved slot to the reader. */
static inline void cb_push_back(unsigned cb, int line = __builtin_LINE()) {
  // The SIMD engine may still be writing it.
  push(cb, current->core == 'B' ? later(current->time, grid[current->pe].se) : current->time, line);
}
static inline char* front(unsigned cb, int line) {
  Channel& c = channel(cb, line);
  await(wantsData, cb, line, [&] { return c.pushed > c.popped; });
  c.fronted = true;
  return slotOf(c, c.popped) + c.lead[c.popped % c.depth];
}
/** The oldest full slot; waits for one. It stays until it is popped. */
static inline void* cb_wait_front(unsigned cb, int line = __builtin_LINE()) {
  char* slot = front(cb, line);
  const Channel& c = channel(cb, line);
  current->time = later(current->time, c.filled[c.popped % c.depth]);
  return slot;
}
static inline void pop(unsigned cb, i64 freed, int line) {
  Channel& c = channel(cb, line);
  if (!c.fronted) fail("pops circular buffer %u without having waited for it, line %d", cb, line);
  checkFence(c, slotOf(c, c.popped), cb, line);
  const unsigned k = c.popped % c.depth, end = c.lead[k] + c.used[k];
#ifndef KT_TIME_ONLY
  memset(slotOf(c, c.popped), poison, end < c.slotBytes ? end : c.slotBytes);
#else
  (void)end;
#endif
  c.fronted = false;
  c.freed[k] = freed;
  ++c.popped;
  progress = true;
}
/** Gives the oldest full slot back; what it held is gone. */
static inline void cb_pop_front(unsigned cb, int line = __builtin_LINE()) {
  // The dot-product engine may still be reading it.
  pop(cb, current->core == 'B' ? later(current->time, grid[current->pe].dpe) : current->time, line);
}

/** DMA into the reserved slot: begins when the core has issued it, the unit and the slot are free; the cycle at which the slot is filled. */
static inline i64 dmaInto(unsigned cb, i64 bytes, i64 from, int line) {
  Channel& c = channel(cb, line);
  Pe& p = grid[current->pe];
  const i64 start = later(later(from, p.dmaIn), c.freed[c.pushed % c.depth]);
  p.dmaIn = start + (bytes + KT_PORT_BYTES - 1) / KT_PORT_BYTES;
  return p.dmaIn + KT_LATENCY;
}
/** DMA out of the oldest full slot; the cycle at which it is free. */
static inline i64 dmaFrom(unsigned cb, i64 bytes, int line) {
  Channel& c = channel(cb, line);
  Pe& p = grid[current->pe];
  current->time += KT_ISSUE;
  model.bytesOut += bytes;
  model.bytes[cb] += bytes;
  return p.dmaOut = later(later(current->time, p.dmaOut), c.filled[c.popped % c.depth]) + (bytes + KT_PORT_BYTES - 1) / KT_PORT_BYTES;
}
static inline i64 issued(unsigned cb, i64 bytes) {
  model.bytesIn += bytes;
  model.bytes[cb] += bytes;
  return current->time += KT_ISSUE;
}

static void checkMover(int line) {
  if (current->core != 'A' && !alone) fail("moves data, which is for core A, line %d", line);
}
static void checkDma(const void* p, unsigned rows, unsigned rowBytes, unsigned stride, unsigned cb, int line) {
  checkMover(line);
  if ((unsigned long)p % KT_DMA_ALIGN != 0 || (rows > 1 && (stride % KT_DMA_ALIGN != 0 || rowBytes % KT_DMA_ALIGN != 0)))
    fail("DMA of circular buffer %u is not aligned to %d bytes, line %d", cb, KT_DMA_ALIGN, line);
  const unsigned slot = channel(cb, line).slotBytes;
  if ((unsigned long)rows * rowBytes > slot) fail("DMA of %u rows of %u bytes exceeds the slot of circular buffer %u, %u bytes, line %d", rows, rowBytes, cb, slot, line);
}
/** Moves rows from memory into the next free slot, and pushes it. */
static inline void dma_in(unsigned cb, const void* from, unsigned rows, unsigned rowBytes, unsigned stride, int line = __builtin_LINE()) {
  checkDma(from, rows, rowBytes, stride, cb, line);
  char* to = reserve(cb, nullptr, line);
  for (unsigned r = 0; r < rows; ++r) move(to + r * rowBytes, (const char*)from + (unsigned long)r * stride, rowBytes);
  const i64 bytes = (i64)rows * rowBytes;
  push(cb, dmaInto(cb, bytes, issued(cb, bytes), line), line);
}
/** Moves the oldest full slot to rows of memory, and pops it. */
static inline void dma_out(void* to, unsigned cb, unsigned rows, unsigned rowBytes, unsigned stride, int line = __builtin_LINE()) {
  checkDma(to, rows, rowBytes, stride, cb, line);
  const char* from = front(cb, line);
  for (unsigned r = 0; r < rows; ++r) move((char*)to + (unsigned long)r * stride, from + r * rowBytes, rowBytes);
  pop(cb, dmaFrom(cb, (i64)rows * rowBytes, line), line);
}
/**
 * Bytes at any address into the next free slot, which is pushed. DMA moves what lies on its borders on both sides, since the slot begins as far from a border
 * as the data; the core moves the bytes before and behind.
 */
static inline void dma_in(unsigned cb, const void* from, i64 bytes, int line = __builtin_LINE()) {
  checkMover(line);
  char* to = reserve(cb, from, line);
  Channel& c = channel(cb, line);
  const unsigned k = c.pushed % c.depth;
  if (bytes < 0 || c.lead[k] + bytes > c.slotBytes) fail("%lld bytes exceed the slot of circular buffer %u, %u bytes, line %d", bytes, cb, c.slotBytes, line);
  move(to, from, bytes);
  c.used[k] = bytes;
  push(cb, dmaInto(cb, bytes, issued(cb, bytes), line), line);
}
/** The oldest full slot to any address, and pops it; see dma_in. */
static inline void dma_out(void* to, unsigned cb, i64 bytes, int line = __builtin_LINE()) {
  checkMover(line);
  const char* from = front(cb, line);
  Channel& c = channel(cb, line);
  const unsigned k = c.popped % c.depth;
  if (c.lead[k] != (unsigned long)to % KT_DMA_ALIGN) fail("circular buffer %u is aligned otherwise than where it goes, line %d", cb, line);
  if (bytes < 0 || c.lead[k] + bytes > c.slotBytes) fail("%lld bytes exceed the slot of circular buffer %u, %u bytes, line %d", bytes, cb, c.slotBytes, line);
#ifndef KT_TIME_ONLY
  const i64 rest = c.slotBytes - c.lead[k] - bytes;
  for (i64 n = 0; n < (rest < 64 ? rest : 64); ++n)
    if ((unsigned char)from[bytes + n] != poison) fail("circular buffer %u was written behind the end of its data, line %d", cb, line);
#endif
  move(to, from, bytes);
  c.used[k] = bytes;
  pop(cb, dmaFrom(cb, bytes, line), line);
}
/** Rows of memory, wherever `row(k)` says that they begin, one behind the other into the next free slot, which is pushed; a row that is nowhere is left out. */
template <class F>
static inline void dma_in_indexed(unsigned cb, i64 rows, i64 rowBytes, F row, int line = __builtin_LINE()) {
  checkMover(line);
  char* to = reserve(cb, nullptr, line);
  Channel& c = channel(cb, line);
  if (rows < 0 || rowBytes < 0 || rows * rowBytes > c.slotBytes) fail("%lld rows of %lld bytes exceed the slot of circular buffer %u, %u bytes, line %d", rows, rowBytes, cb, c.slotBytes, line);
  for (i64 k = 0; k < rows; ++k)
    if (const void* from = row(k)) move(to + k * rowBytes, from, rowBytes);
  c.used[c.pushed % c.depth] = rows * rowBytes;
  // One instruction for each row.
  current->time += KT_ISSUE * rows;
  push(cb, dmaInto(cb, rows * rowBytes, issued(cb, rows * rowBytes), line), line);
}
/** The core executes so many instructions, one in a cycle. */
static inline void work(i64 instructions) { current->time += instructions; }
/** Copies within local memory. */
static inline void ls_copy(void* to, const void* from, i64 bytes) { memcpy(to, from, bytes); }

/** Elements of an array: `n` from `at` on. */
struct Span {
  i64 at, n;
};
/** begin ≤ k < end, as far as the array goes. */
static inline Span span(i64 begin, i64 end, i64 all) {
  if (begin < 0) begin = 0;
  if (end > all) end = all;
  return {begin < end ? begin : 0, begin < end ? end - begin : 0};
}
/** Shares into which PEs divide a kernel: `wanted` where there are as many iterations, and more until the slots hold the first. */
template <class Args, class F>
static i64 shares_for(const Args& args, F window, i64 pes, i64 wanted) {
  const i64 steps = window(args, 0, 1).steps;
  // Fewer shares than asked for are still the same number for each PE.
  i64 shares = steps < pes ? steps : steps < wanted ? steps / pes * pes : wanted;
  while (shares > 0 && shares < steps && !window(args, 0, shares).fits) shares = 2 * shares < steps ? 2 * shares : steps;
  return shares;
}
/** A core that has nothing to do, and the table of a kernel without circular buffers. */
template <class Args>
static void idle(const Args&) {}
static constexpr CbConfig no_buffers[] = {{64, 1}};

/** PEs that read the same blocks: whoever is in a group asks for the same ones in the same order, and each is read once. */
struct Group {
  unsigned id, members;
};
static constexpr Group alone_ = {0, 1};
struct Broadcast {
  const void* from;
  i64 rows, rowBytes, stride, round;
  unsigned came, first;
  /** The cycle at which the last of the group asked, by parity of the round. */
  i64 asked[2];
};
static Broadcast broadcasts[2 * mostPes];
/** Waits for the group; the cycle at which all have asked. Memory is read once. */
static i64 meet(Group g, const void* from, i64 rows, i64 rowBytes, i64 stride, unsigned cb, int line) {
  if (g.members < 2) return issued(cb, rows * rowBytes);
  if (g.id >= 2 * mostPes) fail("there is no group %u, line %d", g.id, line);
  Broadcast& b = broadcasts[g.id];
  if (b.came == 0) b.from = from, b.rows = rows, b.rowBytes = rowBytes, b.stride = stride, b.first = current->pe;
  else if (b.from != from || b.rows != rows || b.rowBytes != rowBytes || b.stride != stride)
    fail("asks for another block of its group in circular buffer %u than PE %u, line %d", cb, b.first, line);
  const i64 round = b.round, own = issued(cb, b.came == 0 ? rows * rowBytes : 0);
  i64& asked = b.asked[round & 1];
  asked = b.came == 0 ? own : later(asked, own);
  progress = true;
  if (++b.came == g.members) b.came = 0, ++b.round;
  await(inGroup, cb, line, [&] { return b.round != round; });
  return asked;
}
/** How many of `most` are left. */
static inline i64 extent(i64 left, i64 most) { return left < 0 ? 0 : left < most ? left : most; }
/** A block of rows into the next free slot, which holds `slotRows` of `slotRowBytes` and is 0 where the block ends before; pushed. */
static inline void dma_in_block(unsigned cb, const void* from, i64 rows, i64 rowBytes, i64 stride, i64 slotRows, i64 slotRowBytes, Group group, int line = __builtin_LINE()) {
  checkMover(line);
  char* to = reserve(cb, nullptr, line);
  Channel& c = channel(cb, line);
  if (rows > slotRows || rowBytes > slotRowBytes || slotRows * slotRowBytes > c.slotBytes)
    fail("a block of %lld rows of %lld bytes exceeds the slot of circular buffer %u, line %d", rows, rowBytes, cb, line);
  const i64 asked = meet(group, from, rows, rowBytes, stride, cb, line);
  for (i64 r = 0; r < rows; ++r) {
    move(to + r * slotRowBytes, (const char*)from + r * stride, rowBytes);
    zero(to + r * slotRowBytes + rowBytes, slotRowBytes - rowBytes);
  }
  zero(to + rows * slotRowBytes, (slotRows - rows) * slotRowBytes);
  c.used[c.pushed % c.depth] = slotRows * slotRowBytes;
  push(cb, dmaInto(cb, rows * rowBytes, asked, line), line);
}
/** The oldest full slot, rows of `slotRowBytes`, to rows of memory; popped. */
static inline void dma_out_block(void* to, unsigned cb, i64 rows, i64 rowBytes, i64 stride, i64 slotRowBytes, int line = __builtin_LINE()) {
  checkMover(line);
  const char* from = front(cb, line);
  if (rowBytes > slotRowBytes || rows * slotRowBytes > channel(cb, line).slotBytes)
    fail("a block of %lld rows of %lld bytes exceeds the slot of circular buffer %u, line %d", rows, rowBytes, cb, line);
  for (i64 r = 0; r < rows; ++r) move((char*)to + r * stride, from + r * slotRowBytes, rowBytes);
  pop(cb, dmaFrom(cb, rows * rowBytes, line), line);
}

/** Sums of the reduction engine: banks of 32 x 32 words, and the link that brings those of the PE before. */
enum : unsigned { mostBanks = 4, linkDepth = 2 };
union Word {
  float f32;
  int i32;
};
struct Sums {
  alignas(64) Word banks[mostBanks][32 * 32];
  Word link[linkDepth][32 * 32];
  i64 sent, received;
  /** Cycles at which what is on the link was sent, and at which its place was free. */
  i64 came[linkDepth], freed[linkDepth];
};
static Sums sums[mostPes];
static Word* bankOf(unsigned bank) {
  if (bank >= mostBanks) fail("there is no bank %u of sums", bank);
  return sums[current->pe].banks[bank];
}
static inline void re_init(unsigned bank) {
  current->time += KT_ISSUE;
  zero(bankOf(bank), sizeof sums[0].banks[0]);
}
/** Sends a bank to the next PE of the row; waits while the link is full. */
static inline void re_send(unsigned bank, int line = __builtin_LINE()) {
  if (current->pe + 1 >= pesNow) fail("sends sums beyond the grid, line %d", line);
  Sums& to = sums[current->pe + 1];
  await(linkFull, bank, line, [&] { return to.sent - to.received < linkDepth; });
  const unsigned k = to.sent++ % linkDepth;
  move(to.link[k], bankOf(bank), sizeof to.link[0]);
  Pe& p = grid[current->pe];
  current->time += KT_ISSUE;
  p.dpe = later(later(current->time, p.dpe), to.freed[k]) + (i64)sizeof to.link[0] / KT_LINK_BYTES;
  to.came[k] = p.dpe;
  progress = true;
}
/** Adds what the PE before has sent to a bank; waits for it. */
static inline const Word* received(unsigned bank, int line) {
  Sums& own = sums[current->pe];
  await(linkEmpty, bank, line, [&] { return own.sent > own.received; });
  progress = true;
  const unsigned k = own.received++ % linkDepth;
  Pe& p = grid[current->pe];
  current->time += KT_ISSUE;
  // A row of a bank in a cycle.
  own.freed[k] = p.dpe = later(later(current->time, p.dpe), own.came[k]) + 32;
  return own.link[k];
}
static inline void re_recv_acc_f32(unsigned bank, int line = __builtin_LINE()) {
  Word* to = bankOf(bank);
  const Word* from = received(bank, line);
  for (unsigned k = 0; k < 32 * 32; ++k) to[k].f32 += from[k].f32;
}
static inline void re_recv_acc_i32(unsigned bank, int line = __builtin_LINE()) {
  Word* to = bankOf(bank);
  const Word* from = received(bank, line);
  for (unsigned k = 0; k < 32 * 32; ++k) to[k].i32 += from[k].i32;
}
/** A bank to local memory, rows `pitch` words apart. */
static inline void re_store(unsigned bank, void* to, unsigned pitch) {
  // The core waits for the sums, which then take two cycles a row.
  current->time = later(current->time + KT_ISSUE, grid[current->pe].dpe) + 64;
  for (unsigned r = 0; r < 32; ++r) move((Word*)to + r * pitch, bankOf(bank) + r * 32, 32 * sizeof(Word));
}

static inline void toF32(float& to, Word w) { to = w.f32; }
static inline void toI32(int& to, Word w) { to = w.i32; }
static inline void toBf16(unsigned short& to, Word w) {
  const unsigned u = (unsigned)w.i32;
  to = w.f32 != w.f32 ? (u >> 16) | 0x40u : (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
}
static inline void toF16(unsigned short& to, Word w) {
  const unsigned u = (unsigned)w.i32, sign = (u >> 16) & 0x8000u, size = u & 0x7fffffffu;
  unsigned h;
  if (size > 0x7f800000u) h = 0x7e00u;
  else if (size >= 0x477ff000u) h = 0x7c00u;
  // Subnormal results are rounded by an addition.
  else if (size < 0x38800000u) h = __builtin_bit_cast(unsigned, __builtin_bit_cast(float, size) + 0.5f) - 0x3f000000u;
  else h = (size - 0x38000000u + 0xfffu + ((size >> 13) & 1u)) >> 13;
  to = (unsigned short)(sign | h);
}
/** A bank through the SIMD engine to local memory, rounded to the type of the result; rows `pitch` elements apart. The core goes on. */
template <class T, void (*round)(T&, Word)>
static inline void seStore(unsigned bank, T* to, unsigned pitch) {
  Pe& p = grid[current->pe];
  current->time += KT_ISSUE;
  p.dpe = p.se = later(later(current->time, p.dpe), p.se) + 32 * 32 / KT_SE_LANES;
  const Word* from = bankOf(bank);
#ifndef KT_TIME_ONLY
  for (unsigned r = 0; r < 32; ++r)
    for (unsigned k = 0; k < 32; ++k) round(to[r * pitch + k], from[r * 32 + k]);
#else
  (void)to, (void)pitch, (void)from;
#endif
}
static inline void se_store_f32(unsigned bank, float* to, unsigned pitch) { seStore<float, toF32>(bank, to, pitch); }
static inline void se_store_i32(unsigned bank, int* to, unsigned pitch) { seStore<int, toI32>(bank, to, pitch); }
static inline void se_store_bf16(unsigned bank, unsigned short* to, unsigned pitch) { seStore<unsigned short, toBf16>(bank, to, pitch); }
static inline void se_store_f16(unsigned bank, unsigned short* to, unsigned pitch) { seStore<unsigned short, toF16>(bank, to, pitch); }

/** bank[i][j] += Σ left[i][k] right[k][j], summed in the order of k; elements lie at i · row + k · step and k · step + j · col. */
enum : unsigned { mostDepthOfProduct = 512 };
template <bool engine, class Acc, class T, Acc (*widen)(T)>
static inline void mml(Acc* bank, const T* left, unsigned row, unsigned leftStep, const T* right, unsigned rightStep, unsigned col, unsigned depth) {
  typedef Acc V __attribute__((vector_size(64)));
  static V b[mostDepthOfProduct][2];
  static Acc a[32][mostDepthOfProduct];
  if (depth > mostDepthOfProduct) fail("a product of depth %u", depth);
  Pe& p = grid[current->pe];
  current->time += KT_ISSUE;
  const i64 start = later(current->time, p.dpe);
  if (engine) {
    const i64 cost = (depth * sizeof(T) + KT_DPE_BYTES - 1) / KT_DPE_BYTES * 32 / KT_DPE_TILES;
    p.dpe = start + cost;
    model.dot += cost;
  } else {
    // Two vectors for each row and step: a multiplication and addition in one instruction.
    current->time = p.dpe = start + 32 * 2 * depth;
  }
#ifdef KT_TIME_ONLY
  return;
#endif
  if (col == 1)
    for (unsigned k = 0; k < depth; ++k)
      for (unsigned j = 0; j < 32; ++j) ((Acc*)b[k])[j] = widen(right[k * rightStep + j]);
  else
    for (unsigned j = 0; j < 32; ++j)
      for (unsigned k = 0; k < depth; ++k) ((Acc*)b[k])[j] = widen(right[k * rightStep + j * col]);
  for (unsigned i = 0; i < 32; ++i)
    for (unsigned k = 0; k < depth; ++k) a[i][k] = widen(left[i * row + k * leftStep]);
  V* to = (V*)bank;
  for (unsigned i = 0; i < 32; i += 4) {
    V s[4][2];
    for (unsigned r = 0; r < 4; ++r) s[r][0] = to[2 * (i + r)], s[r][1] = to[2 * (i + r) + 1];
    for (unsigned k = 0; k < depth; ++k)
      for (unsigned r = 0; r < 4; ++r) s[r][0] += a[i + r][k] * b[k][0], s[r][1] += a[i + r][k] * b[k][1];
    for (unsigned r = 0; r < 4; ++r) to[2 * (i + r)] = s[r][0], to[2 * (i + r) + 1] = s[r][1];
  }
}
static inline float widenF32(float x) { return x; }
static inline float widenBf16(unsigned short x) { return __builtin_bit_cast(float, (unsigned)x << 16); }
static inline float widenF16(unsigned short x) {
  // The exponent is moved by a product, which is exact for subnormal numbers too.
  const float scaled = __builtin_bit_cast(float, (unsigned)(x & 0x7fff) << 13) * 0x1p112f;
  const unsigned special = (x & 0x7c00) == 0x7c00 ? 0x7f800000u : 0u;
  return __builtin_bit_cast(float, __builtin_bit_cast(unsigned, scaled) | special | (unsigned)(x & 0x8000) << 16);
}
static inline int widenI8(signed char x) { return x; }
static inline int widenU8(unsigned char x) { return x; }
#define KT_MML(name, engine, Acc, T, widen)                                                                                                         \
  static inline void name(unsigned bank, const T* left, unsigned row, unsigned leftStep, const T* right, unsigned rightStep, unsigned col, \
                          unsigned depth) {                                                                                                 \
    mml<engine, Acc, T, widen>((Acc*)bankOf(bank), left, row, leftStep, right, rightStep, col, depth);                                             \
  }
// The dot-product engine multiplies these types; f32 is multiplied by the vector unit.
KT_MML(dpe_mml_bf16, true, float, unsigned short, widenBf16)
KT_MML(dpe_mml_f16, true, float, unsigned short, widenF16)
KT_MML(dpe_mml_i8, true, int, signed char, widenI8)
KT_MML(dpe_mml_u8, true, int, unsigned char, widenU8)
KT_MML(rvv_mml_f32, false, float, float, widenF32)

/** Waits for the same core of all PEs. */
static inline void pe_barrier(int line = __builtin_LINE()) {
  const bool b = current->core == 'B';
  const unsigned round = rounds[b];
  progress = true;
  if (++come[b] == pesNow) come[b] = 0, ++rounds[b];
  await(atBarrier, 0, line, [&] { return rounds[b] != round; });
}

__attribute__((noinline, noreturn)) static void deadlock() {
  current = nullptr;
  int n = snprintf(report, sizeof report, "deadlock:");
  unsigned shown = 0, all = 0;
  for (unsigned k = 0; k < 2 * pesNow; ++k) {
    const Fibre& f = fibres[k];
    if (f.state == ended) continue;
    ++all;
    if (shown == 4) continue;
    ++shown;
    if (f.state == inGroup) n += snprintf(report + n, sizeof report - n, " PE %u, core %c waits for its group in circular buffer %u, line %d;", f.pe, f.core, f.cb, f.line);
    else if (f.state == linkFull || f.state == linkEmpty)
      n += snprintf(report + n, sizeof report - n, " PE %u, core %c waits for %s the link of bank %u, line %d;", f.pe, f.core, f.state == linkFull ? "space in" : "sums on", f.cb, f.line);
    else if (f.state == atBarrier) n += snprintf(report + n, sizeof report - n, " PE %u, core %c at the barrier, line %d;", f.pe, f.core, f.line);
    else
      n += snprintf(report + n, sizeof report - n, " PE %u, core %c waits for %s circular buffer %u, line %d (pushed %lld, popped %lld);", f.pe, f.core,
                    f.state == wantsSpace ? "space in" : "data in", f.cb, f.line, grid[f.pe].cbs[f.cb].pushed, grid[f.pe].cbs[f.cb].popped);
  }
  snprintf(report + n, sizeof report - n, " %u cores wait", all);
  abort();
}

/** Local memories of a kernel's PEs; kept between launches, with poison in all slots. */
struct Arena {
  const CbConfig* table;
  char* memory;
  unsigned prepared[mostPes][mostCbs];
};
static Arena arenas[16];
static unsigned nextArena;
static bool running;
static char* stacks;
static void forget(Arena& a) {
  free(a.memory);
  memset(&a, 0, sizeof a);
}
__attribute__((destructor)) static void forgetAll() {
  for (Arena& a : arenas) forget(a);
  free(stacks);
  stacks = nullptr;
}
static Arena& arenaOf(const CbConfig* table, unsigned long bytes) {
  for (Arena& a : arenas)
    if (a.table == table) return a;
  Arena& a = arenas[nextArena++ % 16];
  forget(a);
  a.table = table;
  a.memory = (char*)aligned_alloc(64, bytes * mostPes);
  if (!a.memory) fail("no memory for the grid");
  return a;
}

/** Runs both cores of `pes` PEs to their end, taken in order or backwards; core A may be absent, then core B moves data itself. */
template <unsigned N, class Args>
static void launch(void (*coreA)(const Args&), void (*coreB)(const Args&), const CbConfig (&table)[N], const Args& args, unsigned pes, bool backwards) {
  static_assert(N <= mostCbs, "too many circular buffers");
  struct Pair {
    void (*core[2])(const Args&);
    const Args* args;
  };
  static Pair pair;
  pair = {{coreA, coreB}, &args};
  bodies[0] = [](const void* p) { ((const Pair*)p)->core[0](*((const Pair*)p)->args); };
  bodies[1] = [](const void* p) { ((const Pair*)p)->core[1](*((const Pair*)p)->args); };
  argumentsNow = &pair;
  current = nullptr;
  report[0] = 0;
  alone = coreA == idle<Args>;
  if (pes == 0 || pes > mostPes) fail("there are no %u PEs", pes);
  pesNow = pes, cbsNow = N;
  come[0] = come[1] = rounds[0] = rounds[1] = 0;
  memset(broadcasts, 0, sizeof broadcasts);
  for (unsigned p = 0; p < pes; ++p) {
    sums[p].sent = sums[p].received = 0;
    for (unsigned k = 0; k < linkDepth; ++k) sums[p].came[k] = sums[p].freed[k] = 0;
  }
  // A launch that ended in a fault left its slots as they were.
  if (running)
    for (Arena& a : arenas) forget(a);
  running = true;
  unsigned long local = 0;
  for (const CbConfig& c : table) {
    if (c.depth > mostDepth) fail("a circular buffer has %u slots, more than %u", c.depth, mostDepth);
    local += (unsigned long)(slotStride(c.slotBytes) + redZone) * c.depth;
  }
  Arena& arena = arenaOf(table, local);
  if (!stacks) stacks = (char*)malloc((unsigned long)stackBytes * 2 * mostPes);
  if (!stacks) fail("no memory for the grid");
  char* at = arena.memory;
  for (unsigned p = 0; p < pes; ++p) {
    grid[p].dmaIn = grid[p].dmaOut = grid[p].dpe = grid[p].se = 0;
    for (unsigned k = 0; k < N; ++k) {
      grid[p].cbs[k] = {at, table[k].slotBytes, table[k].depth, 0, 0, false, false, arena.prepared[p][k], {}, {}, {}, {}};
      at += (unsigned long)(slotStride(table[k].slotBytes) + redZone) * table[k].depth;
    }
    for (unsigned b = 0; b < 2; ++b) {
      const unsigned k = 2 * p + b;
      fibres[k] = {fresh(stacks + (unsigned long)stackBytes * (k + 1)), p, b ? 'B' : 'A', ready, 0, 0, 0};
    }
  }
  for (unsigned live = 2 * pes; live > 0;) {
    progress = false;
    live = 0;
    for (unsigned k = 0; k < 2 * pes; ++k) {
      Fibre& f = fibres[backwards ? 2 * pes - 1 - k : k];
      if (f.state == ended) continue;
      current = &f;
      kt_switch(&home, f.sp);
      live += f.state != ended;
    }
    if (live > 0 && !progress) deadlock();
  }
  current = nullptr;
  for (unsigned p = 0; p < pes; ++p)
    for (unsigned k = 0; k < N; ++k) {
      const Channel& c = grid[p].cbs[k];
      if (c.pushed != c.popped) fail("PE %u: %lld slots of circular buffer %u were never popped", p, c.pushed - c.popped, k);
      arena.prepared[p][k] = c.reserved && c.prepared > 0 ? 0 : c.prepared;
    }
  running = false;
  i64 last = 0;
  for (unsigned k = 0; k < 2 * pes; ++k) last = later(last, fibres[k].time);
  for (unsigned p = 0; p < pes; ++p) last = later(last, later(later(grid[p].dmaIn, grid[p].dmaOut), later(grid[p].dpe, grid[p].se)));
  model.cycles += last;
}
}  // namespace mtia

/** For the runner, after a kernel was left by a signal: why, or where. */
extern "C" __attribute__((visibility("default"), used)) inline const char* kt_where() {
  using namespace mtia;
  if (!report[0] && current) snprintf(report, sizeof report, "PE %u, core %c", current->pe, current->core);
  return report;
}

/** For who reads the model: what it counted since the last time. */
extern "C" __attribute__((visibility("default"), used)) inline mtia::Model kt_model() {
  const mtia::Model seen = mtia::model;
  mtia::model = {};
  return seen;
}
