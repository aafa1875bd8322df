#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "bench/kernels.hpp"
#include "bench/lstm_steps.hpp"
#include "bench/steps.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/machine.hpp"
#include "core/text.hpp"
#include "record/provenance.hpp"
#include "train/torch_info.hpp"

// `make bench`: every figure as a ratio to something measured in the same process, in alternation.

namespace laq::bench {
namespace {

const Timing& named(const std::vector<Timing>& timings, const std::string& name) {
  const auto found = std::find_if(timings.begin(), timings.end(),
                                  [&](const auto& one) { return one.name == name; });
  if (found == timings.end())
    throw Error({.what = "nothing was measured under this name", .found = name});
  return *found;
}

struct Report {
  std::string machine;
  StepResults steps;
  std::vector<Timing> convolutional;
  double convolutional_operations = 0;
  std::vector<Timing> lstm;
  std::vector<Timing> kernels, growth;
  std::vector<Figure> figures;
};

std::string machine_text() {
  return fmt::format("{}; {} threads; LibTorch {} ({}); {}; -O3, {}; commit {}{}; {}",
                     record::cpu_model(), at::get_num_threads(), train::libtorch_version(),
                     train::cpu_capability(), blas_info().description, "dispatch by CPU",
                     record::git_commit(), record::git_dirty() ? " with local changes" : "",
                     now_iso8601());
}

// What oneDNN's convolutions reach on the machine that the project's goals were set on.
constexpr double kConvolutionGigaflops = 225;

void add_convolutional(const Report& report, std::vector<Figure>& all) {
  const auto& steps = report.convolutional;
  const Timing &late = named(steps, "late"), &products = named(steps, "products");
  all.push_back({"VGG K = 128: late step / our full-precision step",
                 ratio(late, named(steps, "full")), 1.10});
  all.push_back({"VGG K = 128: late step / eager full-precision step",
                 ratio(late, named(steps, "eager full")), 1.0});
  const auto gigaflops = [&](const Timing& timing) {
    return report.convolutional_operations / timing.median() / 1e6;
  };
  all.push_back(
      {"VGG K = 128: convolutions and products alone", gigaflops(products), 0, " GFLOP/s"});
  all.push_back({"VGG K = 128: late step", gigaflops(late), 0, " GFLOP/s"});
  all.push_back({fmt::format("VGG K = 128: late step / {} GFLOP/s", kConvolutionGigaflops),
                 gigaflops(late) / kConvolutionGigaflops});
  all.push_back(
      {"VGG K = 128: convolutions' and products' share of a late step", 1 / ratio(late, products)});
}

std::vector<Figure> figures(const Report& report) {
  const auto& steps = report.steps.timings;
  const Timing& full = named(steps, "full");
  const Timing& eager = named(steps, "eager full");
  std::vector<Figure> all;
  for (const char* method : {"late", "lata", "lat2e", "lat2a", "laq3_linear", "laq3_log"}) {
    all.push_back({fmt::format("{} step / our full-precision step", method),
                   ratio(named(steps, method), full), 1.15});
    all.push_back({fmt::format("{} step / eager full-precision step", method),
                   ratio(named(steps, method), eager), 1.0});
  }
  for (const char* method : {"lstm late", "lstm lata"}) {
    all.push_back({fmt::format("{} step / our full-precision LSTM step", method),
                   ratio(named(report.lstm, method), named(report.lstm, "lstm full")), 1.05});
    all.push_back({fmt::format("{} step / eager full-precision LSTM step", method),
                   ratio(named(report.lstm, method), named(report.lstm, "lstm eager full")), 0.7});
  }
  const auto& sorting = report.steps.sorting;
  all.push_back({"late step / eager sorting LATe step", ratio(sorting[0], sorting[1]), 1.0 / 20});
  const auto kernel = [&](const std::string& a, const std::string& b) {
    return named(report.kernels, a).median() / named(report.kernels, b).median();
  };
  all.push_back({"exact ternary / eager sort + cumsum, 4.2 million weights",
                 kernel("exact ternary", "exact ternary eager (sort, cumsum)"), 1.0 / 60});
  all.push_back(
      {"exact ternary / alternating ternary", kernel("exact ternary", "alternating ternary"), 1.5});
  for (const std::string levels : {"linear", "log"}) {
    all.push_back({"exact / alternating, 3 bits " + levels,
                   kernel("exact 3 bits " + levels, "alternating 3 bits " + levels), 3});
  }
  all.push_back({"matrix products' share of a late step",
                 1 / ratio(named(steps, "late"), named(steps, "products")), 0.75, "", "at least"});
  add_convolutional(report, all);
  all.push_back({"peak memory of this process", peak_memory_mib(), 0, " MiB"});
  return all;
}

std::string markdown(const Report& report) {
  std::string text = fmt::format(
      "# Speed\n\n{}\n\nTimes are medians in ms (first to third quartile) and mean little on a "
      "shared "
      "machine; the ratios are medians over rounds in which both sides ran in turn.\n",
      report.machine);
  text += "\n| what | measured | goal |\n| --- | ---: | ---: |\n";
  for (const auto& one : report.figures) {
    const std::string goal =
        one.goal <= 0 ? "" : fmt::format("{} {:.3g}", one.note.empty() ? "≤" : "≥", one.goal);
    text += fmt::format("| {} | {:.3g}{} | {} |\n", one.what, one.value, one.unit, goal);
  }
  const auto section = [&](const std::string& title, const std::vector<Timing>& timings) {
    text += fmt::format("\n## {}\n\n| what | ms | quartiles |\n| --- | ---: | --- |\n", title);
    for (const auto& one : timings) {
      text += fmt::format("| {} | {:.3f} | {:.3f} – {:.3f} |\n", one.name, one.median(), one.low(),
                          one.high());
    }
  };
  section("Training step, 784-2048-2048-2048-10, batch 100", report.steps.timings);
  section("Training step, CIFAR-10's network, K = 128, batch 50", report.convolutional);
  section("Training step with sorting", report.steps.sorting);
  section("Training step, LSTM with 512 units, batch 100, 100 time steps", report.lstm);
  section("Kernels, 4 194 304 weights", report.kernels);
  section("Ternary solvers by number of weights", report.growth);
  return text;
}

nlohmann::json json(const Report& report) {
  nlohmann::json all = {{"machine", report.machine}};
  for (const auto& one : report.figures) {
    all["figures"].push_back({{"what", one.what}, {"value", one.value}, {"goal", one.goal}});
  }
  const auto section = [&](const char* name, const std::vector<Timing>& timings) {
    for (const auto& one : timings)
      all[name].push_back({{"name", one.name}, {"milliseconds", one.milliseconds}});
  };
  section("steps", report.steps.timings);
  section("convolutional_steps", report.convolutional);
  section("sorting", report.steps.sorting);
  section("lstm", report.lstm);
  section("kernels", report.kernels);
  section("growth", report.growth);
  return all;
}

void go(const std::string& folder) {
  Report report;
  report.machine = machine_text();
  std::cout << report.machine << std::endl;
  report.kernels = measure_kernels();
  const auto configs = std::filesystem::path(LAQ_SOURCE_DIR) / "configs";
  report.steps = measure_steps(configs, 41);
  report.convolutional = measure_convolutional_steps(configs, 9);
  report.convolutional_operations = convolutional_operations(configs);
  report.lstm = measure_lstm_steps(configs, 21);
  report.figures = figures(report);
  report.growth = measure_growth();
  make_folder(folder);
  replace_file(folder + "/bench.md", markdown(report));
  replace_file(folder + "/bench.json", json(report).dump(1) + "\n");
  std::cout << markdown(report) << std::flush;
}

}  // namespace
}  // namespace laq::bench

int main(int argc, char** argv) {
#ifndef NDEBUG
  std::cerr
      << "laq_bench: this is a debug build, whose times mean nothing; use the release preset\n";
  return 2;
#endif
  laq::prepare_allocator();
  laq::restart_with_waiting_policy(argv);
  laq::train::set_threads(laq::threads_for(1));
  std::vector<std::string> words = {argv[0], "--benchmark_enable_random_interleaving=true"};
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  try {
    laq::bench::go(argc > 1 ? argv[1] : "results/bench");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "laq_bench: " << laq::first_line(error.what()) << std::endl;
    return 1;
  }
}
