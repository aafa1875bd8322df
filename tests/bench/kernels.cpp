#include "bench/kernels.hpp"

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "bench/eager.hpp"
#include "core/error.hpp"
#include "quant/quantizer.hpp"

namespace laq::bench {
namespace {

constexpr std::int64_t kWeights = 2048 * 2048;

std::shared_ptr<const quant::Quantizer> rule(const std::string& levels, int bits,
                                             const std::string& solver,
                                             const std::string& scaling) {
  std::string text = fmt::format("{{levels: {}, solver: {}, scaling: {}", levels, solver, scaling);
  if (bits > 2) text += fmt::format(", bits: {}", bits);
  const config::Tree tree = config::parse_yaml(text + "}", "benchmark");
  config::Reader section(&tree, "quantizer");
  return quant::make_quantizer(section).method;
}

// Weights and curvature with the spread that training gives them, and memory for ŵ.
struct Layer {
  at::Tensor w, d, out;
  explicit Layer(std::int64_t n) {
    const at::NoGradGuard no_gradient;
    at::manual_seed(1);
    w = at::randn({n}).mul_(0.1).clamp_(-1, 1);
    d = at::randn({n}).mul_(1.5).exp_().mul_(1e-4);
    out = at::empty({n});
  }
  quant::Group group() const {
    const auto n = static_cast<std::size_t>(w.numel());
    return {{w.data_ptr<float>(), n}, {d.data_ptr<float>(), n}, {}, {}};
  }
  double quantize(const quant::Quantizer& rule) const {
    const quant::Codebook step = quant::fit(rule, group());
    quant::apply(step, group().latent,
                 {out.data_ptr<float>(), static_cast<std::size_t>(out.numel())});
    return step.scales[0];
  }
};

void require_equal(const std::string& what, double ours, double theirs) {
  if (std::abs(ours - theirs) > 1e-6 * std::abs(theirs)) {
    throw Error({.what = what + ": ours and the eager version differ",
                 .found = fmt::format("{:.9g}", ours),
                 .expected = fmt::format("{:.9g}", theirs)});
  }
}

// Keeps every repetition's time.
class Collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const auto& run : runs) {
      if (run.run_type == Run::RT_Iteration)
        times[run.benchmark_name()].push_back(run.GetAdjustedRealTime());
    }
  }
  std::map<std::string, std::vector<double>> times;
};

std::string plain_name(const std::string& full) {
  return full.substr(0, full.find('/'));
}

std::vector<Timing> run_registered() {
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  benchmark::ClearRegisteredBenchmarks();
  std::vector<Timing> timings;
  for (const auto& [name, times] : collector.times) timings.push_back({plain_name(name), times});
  return timings;
}

void add(const std::string& name, const std::function<void()>& work) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [work](benchmark::State& state) {
                                 for (auto _ : state) work();
                               })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond)
      ->MinTime(0.05)
      ->Repetitions(9);
}

}  // namespace

std::vector<Timing> measure_kernels() {
  const at::NoGradGuard no_gradient;
  const Layer layer(kWeights);
  const auto late = rule("ternary", 2, "exact", "symmetric"),
             lata = rule("ternary", 2, "alternating", "symmetric");
  require_equal("LATe", layer.quantize(*late), eager_late(layer.w, layer.d).second);
  require_equal("LATa", layer.quantize(*lata), eager_lata(layer.w, layer.d).second);

  add("exact ternary", [&] { layer.quantize(*late); });
  add("exact ternary eager (sort, cumsum)", [&] { eager_late(layer.w, layer.d); });
  add("alternating ternary", [&] { layer.quantize(*lata); });
  add("alternating ternary eager", [&] { eager_lata(layer.w, layer.d); });
  add("TWN eager", [&] { eager_twn(layer.w); });
  const auto two = rule("ternary", 2, "exact", "asymmetric");
  add("exact ternary, two scales", [&, two] { layer.quantize(*two); });
  for (const std::string levels : {"linear", "log"}) {
    for (const std::string solver : {"exact", "alternating"}) {
      const auto three = rule(levels, 3, solver, "symmetric");
      add(fmt::format("{} 3 bits {}", solver, levels), [&, three] { layer.quantize(*three); });
    }
  }
  return run_registered();
}

std::vector<Timing> measure_growth() {
  const at::NoGradGuard no_gradient;
  const auto late = rule("ternary", 2, "exact", "symmetric"),
             lata = rule("ternary", 2, "alternating", "symmetric");
  std::vector<Timing> timings;
  for (std::int64_t n = 10'000; n <= 100'000'000; n *= 10) {
    const Layer layer(n);
    const auto both =
        alternate({{fmt::format("exact {}", n), [&] { layer.quantize(*late); }},
                   {fmt::format("alternating {}", n), [&] { layer.quantize(*lata); }}},
                  n > 1'000'000 ? 5 : 25);
    timings.insert(timings.end(), both.begin(), both.end());
  }
  return timings;
}

}  // namespace laq::bench
