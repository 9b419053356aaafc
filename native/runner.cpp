// The CPU runner: loads compiled kernels, owns their arrays, runs and times them. It speaks the protocol of src/measure/protocol.ts, one JSON object
// a line on stdin and stdout. Build: g++ -O2 -std=c++17 -march=native runner.cpp -o runner -ldl

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "json.inc"
#include "memory.inc"
#include "fault.inc"
#include "probe.inc"

static const int protocolVersion = 1;

using Entry = void (*)(void* const*, long long, long long);
struct Library {
  void* handle;
  std::map<std::string, Entry> entries;
  Where where;
};
static std::map<std::string, Library> libraries;
static int lockFile = -1;

static double now() {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void pinTo(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}
static int lastCpu() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  int last = 0;
  for (int i = 0; i < CPU_SETSIZE; i++)
    if (CPU_ISSET(i, &set)) last = i;
  return last;
}

// ---- calls -------------------------------------------------------------------------------------------------------------------------------------

// The arguments of one call: values and pointer tables live in `store`, which keeps its addresses.
struct Arguments {
  std::vector<std::vector<char>> store;
  std::vector<void*> pointers;
};
struct Copy {
  char* to;
  const char* from;
  size_t bytes;
};
struct Prepared {
  Entry entry;
  Where where;
  std::vector<Arguments> sets;
  std::vector<Copy> restore;
  long long parts, phases;
  size_t turn = 0;

  void operator()() {
    void* const* args = sets[turn].pointers.data();
    whereNow = where;
    if (++turn == sets.size()) turn = 0;
    for (long long p = 0; p < parts * phases; p++) entry(args, p, parts);
  }
  void reset() const {
    for (const Copy& c : restore) memcpy(c.to, c.from, c.bytes);
  }
};

static Arguments arguments(const Json& list) {
  Arguments a;
  a.store.reserve(list.items.size());
  for (const Json& arg : list.items) {
    if (const Json* buf = arg.find("buf")) {
      a.pointers.push_back(bufferNamed(buf->text).data);
      continue;
    }
    a.store.emplace_back();
    std::vector<char>& bytes = a.store.back();
    if (const Json* table = arg.find("table")) {
      for (const Json& name : table->items) {
        char* data = bufferNamed(name.text).data;
        bytes.insert(bytes.end(), reinterpret_cast<char*>(&data), reinterpret_cast<char*>(&data) + sizeof data);
      }
    } else {
      const std::string& hex = arg.str("bytes");
      for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(char(strtol(hex.substr(i, 2).c_str(), nullptr, 16)));
    }
    bytes.resize((bytes.size() + 15) & ~size_t(15));
    a.pointers.push_back(bytes.data());
  }
  return a;
}

static Prepared prepare(const Json& call) {
  auto lib = libraries.find(call.str("lib"));
  if (lib == libraries.end()) throw std::runtime_error("no library " + call.str("lib"));
  auto entry = lib->second.entries.find(call.str("entry"));
  if (entry == lib->second.entries.end()) throw std::runtime_error("no entry " + call.str("entry"));
  Prepared p;
  p.entry = entry->second;
  p.where = lib->second.where;
  for (const Json& set : call.at("sets").items) p.sets.push_back(arguments(set));
  if (p.sets.empty()) throw std::runtime_error("a call has no arguments");
  p.parts = (long long)call.num("parts", 1);
  p.phases = p.parts == 1 ? 1 : (long long)call.num("phases", 1);
  if (const Json* restore = call.find("restore"))
    for (const Json& pair : restore->items) {
      Buffer &to = bufferNamed(pair.items.at(0).text), &from = bufferNamed(pair.items.at(1).text);
      p.restore.push_back({to.data, from.data, std::min(to.bytes, from.bytes)});
    }
  return p;
}

static long preemptions() {
  struct rusage u;
  getrusage(RUSAGE_THREAD, &u);
  return u.ru_nivcsw;
}

struct Reply {
  std::string body;  // fields of the result, or the fault
  bool ok = true;
  bool fatal = false;
};
static Reply failed(const Fault& f, const std::string& more = "") { return {f.json + more, false, f.fatal}; }

static Reply run(const Json& r) {
  Prepared call = prepare(r.at("call"));
  double ns = 0;
  auto body = [&] {
    call.reset();
    double t = now();
    call();
    ns = now() - t;
  };
  Fault f = guarded(r.num("limitMs"), body);
  if (!f.json.empty()) return failed(f);
  return {"\"ns\":" + decimal(ns)};
}

static Reply timeCalls(const Json& r) {
  std::vector<Prepared> calls;
  for (const Json& c : r.at("calls").items) calls.push_back(prepare(c));
  std::vector<size_t> order;
  for (const Json& i : r.at("order").items) {
    if (i.number < 0 || i.number >= calls.size()) throw std::runtime_error("order names a call that is not there");
    order.push_back(size_t(i.number));
  }
  const double minNs = r.num("minNs"), stopNs = r.num("stopNs", 1e300);
  std::vector<double> samples(order.size()), counts(order.size());
  std::vector<char> preempted(order.size());
  volatile size_t done = 0;
  volatile bool stopped = false;
  auto body = [&] {
    for (size_t i = 0; i < order.size() && !stopped; i++) {
      Prepared& call = calls[order[i]];
      long lost = preemptions();
      double n = 1, spent = 0;
      call.reset();
      double t = now();
      call();
      spent = now() - t;
      if (spent < minNs && call.restore.empty()) {  // too short for the clock: that call was the warm-up of a longer sample
        n = std::min(1e7, std::max(1.0, minNs / std::max(spent, 1.0)));
        n = double((long long)n);
        t = now();
        for (long long k = 0; k < (long long)n; k++) call();
        spent = now() - t;
      }
      while (!call.restore.empty() && spent < minNs && n < 1000) {
        call.reset();
        t = now();
        call();
        spent += now() - t;
        n++;
      }
      preempted[i] = preemptions() != lost;
      samples[i] = spent / n;
      counts[i] = n;
      done = i + 1;
      if (samples[i] > stopNs) stopped = true;
    }
  };
  Fault f = guarded(r.num("limitMs"), body);
  samples.resize(done), counts.resize(done), preempted.resize(done);
  std::string shown = list(samples, decimal);
  if (!f.json.empty()) return failed(f, ",\"samples\":" + shown);
  return {"\"samples\":" + shown + ",\"calls\":" + list(counts, decimal) + ",\"preempted\":" +
          list(preempted, [](char c) { return std::string(c ? "true" : "false"); }) + ",\"stopped\":" + (stopped ? "true" : "false")};
}

// ---- the other requests ------------------------------------------------------------------------------------------------------------------------

static Reply hello(const Json& r) {
  int cpu = int(r.num("cpu", lastCpu()));
  pinTo(cpu);
  const char* simd = "generic";
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) simd = "avx2";
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) simd = "avx512";
#elif defined(__aarch64__)
  simd = "neon";
#endif
  std::string names;
  for (const Probe& p : probes)
    if (p.name) names += (names.empty() ? "" : ",") + quoted(p.name);
  FILE* thp = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
  char mode[64] = "";
  if (thp) {
    if (!fgets(mode, sizeof mode, thp)) mode[0] = 0;
    fclose(thp);
  }
  bool hugePages = mode[0] && !strstr(mode, "[never]");
  return {"\"version\":" + std::to_string(protocolVersion) + ",\"pid\":" + std::to_string(getpid()) + ",\"cpu\":" + std::to_string(cpu) +
          ",\"pageBytes\":" + std::to_string(sysconf(_SC_PAGESIZE)) + ",\"hugePages\":" + (hugePages ? "true" : "false") + ",\"simd\":\"" + simd +
          "\",\"probes\":[" + names + "]"};
}

static Reply load(const Json& r) {
  void* handle = dlopen(r.str("path").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) throw std::runtime_error(dlerror());
  Library lib{handle, {}, reinterpret_cast<Where>(dlsym(handle, "kt_where"))};
  for (const Json& e : r.at("entries").items) {
    void* symbol = dlsym(handle, e.text.c_str());
    if (!symbol) {
      dlclose(handle);
      throw std::runtime_error(r.str("path") + " lacks the entry " + e.text);
    }
    lib.entries[e.text] = reinterpret_cast<Entry>(symbol);
  }
  libraries[r.str("lib")] = lib;
  return {};
}

static Reply fill(const Json& r) {
  Buffer& b = bufferNamed(r.str("buf"));
  const Json& from = r.at("from");
  const std::string& kind = from.str("kind");
  b.protect(true);
  if (kind == "file") fillFromFile(b.data, b.bytes, from.str("path"), off_t(from.num("offset")));
  else if (kind == "byte") memset(b.data, int(from.num("value")), b.bytes);
  else if (kind == "random") fillRandom(b.data, b.bytes, uint64_t(from.num("seed")));
  else if (kind == "copy") {
    Buffer& source = bufferNamed(from.str("buf"));
    if (source.bytes != b.bytes) throw std::runtime_error("copy between buffers of different size");
    memcpy(b.data, source.data, b.bytes);
  } else throw std::runtime_error("unknown fill " + kind);
  if (b.readOnly) b.protect(false);
  return {};
}

static std::string hexOf(const char* data, size_t n) {
  static const char digits[] = "0123456789abcdef";
  std::string hex(2 * n, 0);
  for (size_t i = 0; i < n; i++) hex[2 * i] = digits[(data[i] >> 4) & 15], hex[2 * i + 1] = digits[data[i] & 15];
  return hex;
}

static Reply readBytes(const Json& r) {
  Buffer& b = bufferNamed(r.str("buf"));
  size_t offset = size_t(r.num("offset")), n = size_t(r.num("bytes"));
  if (offset > b.bytes || n > b.bytes - offset) throw std::runtime_error("read beyond the end of " + r.str("buf"));
  if (const Json* path = r.find("path")) {
    writeToFile(b.data + offset, n, path->text);
    return {};
  }
  return {"\"data\":\"" + hexOf(b.data + offset, n) + "\""};
}

static Reply gather(const Json& r) {
  Buffer& b = bufferNamed(r.str("buf"));
  std::string all;
  for (const Json& range : r.at("ranges").items) {
    size_t offset = size_t(range.items.at(0).number), n = size_t(range.items.at(1).number);
    if (offset > b.bytes || n > b.bytes - offset) throw std::runtime_error("read beyond the end of " + r.str("buf"));
    all.append(b.data + offset, n);
  }
  const Json* path = r.find("path");
  if (!path) return {"\"data\":\"" + hexOf(all.data(), all.size()) + "\""};
  writeToFile(all.data(), all.size(), path->text);
  return {};
}

static Reply probe(const Json& r) {
  for (const Probe& p : probes) {
    if (!p.name || r.str("name") != p.name) continue;
    std::vector<double> samples;
    for (double until = now() + r.num("ms") * 1e6; samples.empty() || (now() < until && samples.size() < 10000);) samples.push_back(p.sample());
    std::vector<double> sorted = samples;
    std::sort(sorted.begin(), sorted.end());
    return {"\"value\":" + decimal(sorted[sorted.size() / 2]) + ",\"unit\":" + quoted(p.unit) + ",\"samples\":" + list(samples, decimal)};
  }
  throw std::runtime_error("no probe " + r.str("name"));
}

static Reply lock(const Json& r) {
  double start = now();
  if (lockFile < 0) lockFile = open(r.str("path").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lockFile < 0) throw std::runtime_error("cannot open " + r.str("path") + ": " + strerror(errno));
  bool held = false;
  int how = r.str("mode") == "shared" ? LOCK_SH : LOCK_EX;
  while (!(held = flock(lockFile, how | LOCK_NB) == 0) && now() - start < r.num("limitMs") * 1e6) usleep(5000);
  return {std::string("\"held\":") + (held ? "true" : "false") + ",\"waitedMs\":" + decimal((now() - start) / 1e6)};
}

static Reply answer(const Json& r) {
  const std::string& op = r.str("op");
  if (op == "run") return run(r);
  if (op == "time") return timeCalls(r);
  if (op == "hello") return hello(r);
  if (op == "load") return load(r);
  if (op == "fill") return fill(r);
  if (op == "read") return readBytes(r);
  if (op == "gather") return gather(r);
  if (op == "probe") return probe(r);
  if (op == "lock") return lock(r);
  if (op == "unlock") {
    if (lockFile >= 0) flock(lockFile, LOCK_UN);
    return {};
  }
  if (op == "unload") {
    auto it = libraries.find(r.str("lib"));
    if (it != libraries.end()) dlclose(it->second.handle), libraries.erase(it);
    return {};
  }
  if (op == "alloc") {
    release(r.str("buf"));
    Buffer b = reserve(size_t(r.num("bytes")), r.str("place"), size_t(r.num("align")), r.str("access") == "in");
    buffers[r.str("buf")] = b;
    return {"\"address\":" + hexadecimal(reinterpret_cast<uintptr_t>(b.data))};
  }
  if (op == "free") {
    for (const Json& name : r.at("bufs").items) release(name.text);
    return {};
  }
  if (op == "hash") {
    return {"\"hashes\":" + list(r.at("bufs").items, [](const Json& name) {
              Buffer& b = bufferNamed(name.text);
              return hexadecimal(hashBytes(b.data, b.bytes));
            })};
  }
  throw std::runtime_error("unknown request " + op);
}

static bool readLine(std::string& line) {
  line.clear();
  for (int c; (c = getchar_unlocked()) != '\n';) {
    if (c == EOF) return false;
    line += char(c);
  }
  return true;
}

// argv[1]: the parent's process id. Kernels that print do so on stderr; replies have a descriptor of their own.
int main(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc > 1 && getppid() != atoi(argv[1])) return 0;  // the parent died before that took effect
  FILE* replies = fdopen(fcntl(1, F_DUPFD_CLOEXEC, 3), "w");
  if (!replies || dup2(2, 1) < 0) return 72;
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  catchSignals();
  for (std::string line; readLine(line);) {
    double id = -1;
    Reply reply;
    bool quit = false;
    try {
      JsonParser parser{line.data(), line.data() + line.size()};
      Json request = parser.value();
      id = request.num("id");
      quit = request.str("op") == "quit";
      if (!quit) reply = answer(request);
    } catch (const std::exception& e) {
      reply = {std::string("{\"kind\":\"refused\",\"message\":") + quoted(e.what()) + "}", false, false};
    }
    std::string out = "{\"id\":" + decimal(id) + (reply.ok ? ",\"ok\":true,\"result\":{" + reply.body + "}}" : ",\"ok\":false,\"fault\":" + reply.body + "}") + "\n";
    fwrite(out.data(), 1, out.size(), replies);
    fflush(replies);
    if (reply.fatal) _exit(70);
    if (quit) return 0;
  }
  return 0;
}
