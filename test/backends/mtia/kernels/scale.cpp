// y = 3 x + the mean of each row, one row a slot; FAULT plants a mistake.
#include "ktune_mtia.h"
#include <signal.h>
#include <unistd.h>
using namespace mtia;

#ifndef FAULT
#define FAULT 0
#endif
enum { CB_X, CB_Y };
static const unsigned D = 256, ROWS = 40;
KT_CB_TABLE(table, {D * 4, FAULT == 5 ? 1000u : 2u}, {D * 4, 2});

struct Args {
  const float* x;
  float* y;
};
static void core_a(const Args& a) {
  i64 last = -1;
  for (i64 r = pe(); r < ROWS; r += pes()) {
    dma_in(CB_X, a.x + r * D + (FAULT == 2 ? 1 : 0), 1, D * 4, 0);
    // The store lags one row behind, so that the next load does not wait for it.
    if (last >= 0) dma_out(a.y + last * D, CB_Y, 1, D * 4, 0);
    last = r;
  }
  if (last >= 0) dma_out(a.y + last * D, CB_Y, 1, D * 4, 0);
  if (FAULT == 6 && pe() == 3) return;
  pe_barrier();
}
static void core_b(const Args&) {
  for (i64 r = pe(); r < ROWS; r += pes()) {
    const float* x = (const float*)cb_wait_front(CB_X);
    if (FAULT == 3) cb_pop_front(CB_X);
    float* y = (float*)cb_reserve_back(CB_Y);
    float mean = 0;
    for (unsigned d = 0; d < D; ++d) mean += x[d];
    mean /= D;
    for (unsigned d = 0; d < D + (FAULT == 4 ? 1 : 0); ++d) y[d] = 3 * x[d] + mean;
    cb_push_back(CB_Y);
    if (FAULT != 1 && FAULT != 3) cb_pop_front(CB_X);
  }
}

int main() {
  signal(SIGABRT, [](int) {
    puts(kt_where());
    fflush(stdout);
    _exit(3);
  });
  alignas(64) static float x[ROWS * D + 16], y[2][ROWS * D];
  for (unsigned k = 0; k < ROWS * D; ++k) x[k] = float(k * 7 % 101) - 50;
  for (int turn = 0; turn < 2; ++turn) launch(core_a, core_b, table, Args{x, y[turn]}, 8, turn == 1);
  unsigned wrong = 0;
  for (unsigned r = 0; r < ROWS; ++r) {
    double mean = 0;
    for (unsigned d = 0; d < D; ++d) mean += x[r * D + d];
    for (unsigned d = 0; d < D; ++d) wrong += __builtin_fabs(y[0][r * D + d] - (3.0 * x[r * D + d] + mean / D)) > 1e-3;
  }
  puts(wrong ? "wrong" : memcmp(y[0], y[1], sizeof y[0]) ? "hangs on the order" : "right");
}
