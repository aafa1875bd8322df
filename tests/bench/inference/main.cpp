#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <omp.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "bench/measure.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/machine.hpp"
#include "core/text.hpp"
#include "nn/char_lstm.hpp"
#include "record/provenance.hpp"
#include "support/network_pair.hpp"
#include "train/torch_info.hpp"

// One sample at a time, the runtime beside LibTorch in float32: outputs are compared, then both run
// in turn in this process.

namespace laq::bench {
namespace {

namespace fs = std::filesystem;

struct Case {
  std::string title, method, model;
  nn::Shape shape;
  int rounds;
  double goal;  ///< times as fast as LibTorch
};

const nn::Shape kMnist{{1, 28, 28}, 10}, kCifar{{3, 32, 32}, 10}, kText{{}, 87},
    kVggMaps{{512, 4, 4}, 10};
const char kMlp[] = "{kind: mlp, hidden: [2048, 2048, 2048]}";
const char kVgg[] = "{kind: vgg, width: 128}";
const char kVggDense[] = "{kind: mlp, hidden: [1024, 1024]}";
const char kLstm[] = "{kind: char_lstm, units: 512}";

std::vector<Case> cases() {
  return {{"MNIST network, ternary", "late", kMlp, kMnist, 61, 8},
          {"MNIST network, binary", "lab", kMlp, kMnist, 61, 10},
          {"MNIST network, 3 bits", "laq3_linear", kMlp, kMnist, 61, 4},
          {"MNIST network, 4 bits", "laq4_linear", kMlp, kMnist, 61, 0},
          {"LSTM of 512 units, ternary, a character", "late", kLstm, kText, 21, 4},
          {"LSTM of 512 units, binary, a character", "lab", kLstm, kText, 21, 4},
          {"dense part of CIFAR-10's network, ternary", "late", kVggDense, kVggMaps, 61, 5},
          {"dense part of CIFAR-10's network, binary", "lab", kVggDense, kVggMaps, 61, 5},
          {"CIFAR-10's network, K = 128, ternary", "late", kVgg, kCifar, 7, 0},
          {"CIFAR-10's network, K = 128, binary", "lab", kVgg, kCifar, 7, 0}};
}

struct Row {
  std::string title;
  int threads;
  Timing torch, ours;
  std::string fastest;  ///< of LibTorch's ways
  double times, goal, difference, load;
  std::size_t bytes;
  double weight_bytes = 0;
};

// As a user of LibTorch can do it at best: batch norm folded into a product and a sum in place.
class Folded {
 public:
  explicit Folded(const nn::Model& model) {
    const auto parameters = model.named_parameters(), buffers = model.named_buffers();
    for (int i = 1;; ++i) {
      const std::string dense = fmt::format("dense{}", i), norm = fmt::format("norm{}", i);
      const at::Tensor* weight = parameters.find(dense + ".weight");
      if (!weight) break;
      const at::Tensor factor =
          parameters[norm + ".weight"].detach() / (buffers[norm + ".running_var"] + 1e-4).sqrt();
      weights_.push_back(weight->detach().clone());
      factors_.push_back(factor);
      summands_.push_back(
          parameters[norm + ".bias"].detach() +
          factor * (parameters[dense + ".bias"].detach() - buffers[norm + ".running_mean"]));
    }
  }
  at::Tensor operator()(at::Tensor x) const {
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      x = at::addcmul(summands_[i], at::linear(x, weights_[i]), factors_[i]);
      if (i + 1 < weights_.size()) x.relu_();
    }
    return x;
  }

 private:
  std::vector<at::Tensor> weights_, factors_, summands_;
};

double difference(const at::Tensor& expected, const std::vector<float>& found) {
  const at::Tensor ours = at::from_blob(const_cast<float*>(found.data()), expected.sizes());
  return ((expected - ours).abs().max() / expected.abs().max()).item<double>();
}

void require_equal(const std::string& title, double found) {
  constexpr double kMost = 1e-4;
  if (found <= kMost) return;
  throw Error({.what = title + ": LibTorch and the runtime compute something else",
               .found = fmt::format("{:.3g} of the largest output", found),
               .expected = fmt::format("at most {}", kMost)});
}

// Runs all in turn. One thread's time is that of the processor, which leaves out what a shared
// machine gave to others; of several threads it is the clock's.
std::vector<Timing> in_turn(const std::vector<Candidate>& candidates, int rounds, int threads) {
  const auto now = [&] {
    timespec time{};
    ::clock_gettime(threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
  };
  constexpr int kWarmUp = 3;
  return alternate(candidates, rounds, kWarmUp, now);
}

double least(const Timing& timing) {
  return *std::min_element(timing.milliseconds.begin(), timing.milliseconds.end());
}

// Of one thread, of what most rounds took; of several, which wait for each other, of the rounds
// that nothing disturbed.
double typical(const Timing& timing, int threads) {
  return threads == 1 ? timing.median() : least(timing);
}

constexpr int kCharacters = 50;  // in a row

Row measure(const Case& one, const test::NetworkPair& pair, int threads) {
  train::set_threads(threads);
  const at::NoGradGuard no_gradient;
  const auto start = std::chrono::steady_clock::now();
  const deploy::PackedModel packed(pair.file, threads);
  const std::chrono::duration<double, std::milli> load = std::chrono::steady_clock::now() - start;
  const bool text = one.shape.input.empty();
  std::vector<Candidate> candidates;
  double apart = 0;
  std::vector<float> scores(static_cast<std::size_t>(one.shape.outputs));
  std::vector<std::uint8_t> characters;
  at::Tensor input, codes;
  std::unique_ptr<Folded> folded;
  const auto lstm = std::dynamic_pointer_cast<nn::CharLstm>(pair.model);
  nn::Model::Memory state;
  if (text) {
    codes = at::randint(one.shape.outputs, {kCharacters, 1}, at::kLong);
    for (int i = 0; i < kCharacters; ++i)
      characters.push_back(static_cast<std::uint8_t>(' ' + codes[i][0].item<std::int64_t>()));
    laq_reset(packed.get());
    packed.require(laq_read(packed.get(), characters.data(), characters.size(), scores.data()));
    apart = difference(pair.model->forward(codes)[kCharacters - 1], scores);
    candidates.push_back({"whole text at once", [&] { pair.model->forward(codes); }});
    candidates.push_back({"character by character", [&] {
                            for (int i = 0; i < kCharacters; ++i)
                              lstm->read(characters[static_cast<std::size_t>(i)] - ' ', state);
                          }});
    candidates.push_back({"runtime", [&] {
                            for (const std::uint8_t c : characters)
                              laq_read(packed.get(), &c, 1, scores.data());
                          }});
  } else {
    std::vector<std::int64_t> sizes = one.shape.input;
    sizes.insert(sizes.begin(), 1);
    input = at::randn(sizes);
    packed.require(laq_run(packed.get(), input.data_ptr<float>(), 1, scores.data()));
    apart = difference(pair.model->forward(input)[0], scores);
    candidates.push_back({"modules", [&] { pair.model->forward(input); }});
    if (one.model != kVgg) {
      folded = std::make_unique<Folded>(*pair.model);
      require_equal(one.title, difference((*folded)(input.flatten(1))[0], scores));
      candidates.push_back({"batch norm folded", [&] { (*folded)(input.flatten(1)); }});
    }
    candidates.push_back(
        {"runtime", [&] { laq_run(packed.get(), input.data_ptr<float>(), 1, scores.data()); }});
  }
  require_equal(one.title, apart);
  auto timings = in_turn(candidates, one.rounds, threads);
  Timing ours = std::move(timings.back());
  timings.pop_back();
  Timing torch = timings.front();
  for (const auto& other : timings)
    torch = typical(other, threads) < typical(torch, threads) ? other : torch;
  const double times = threads == 1 ? 1 / ratio(ours, torch) : least(torch) / least(ours);
  if (text) {
    for (auto* timing : {&torch, &ours}) {
      for (double& spent : timing->milliseconds) spent /= kCharacters;
    }
  }
  const std::string fastest = torch.name;
  const auto bytes = static_cast<double>(packed.info().packed_bytes);
  return {one.title, threads, std::move(torch), std::move(ours), fastest, times,
          one.goal,  apart,   load.count(),     pair.bytes,      bytes};
}

// What the memory and the arithmetic give at most, on one thread: bytes read in a row, and
// multiplications with additions in registers by LibTorch's matrix product.
struct Limits {
  double gigabytes, gigaflops;
};

Limits limits() {
  train::set_threads(1);
  const at::Tensor large = at::ones({std::int64_t{1} << 26});  // 256 MiB
  const at::Tensor a = at::randn({1024, 1024}), b = at::randn({1024, 1024});
  const auto timings =
      alternate({{"sum", [&] { large.sum(); }}, {"product", [&] { at::mm(a, b); }}}, 9, 2);
  return {static_cast<double>(large.numel()) * 4 / timings[0].low() / 1e6,
          2.0 * 1024 * 1024 * 1024 / timings[1].low() / 1e6};
}

// Of a program that prints the kernel's VmHWM.
double peak_mebibytes(const std::string& command) {
  std::FILE* output = ::popen(command.c_str(), "r");
  long kibibytes = 0;
  const bool read = output && std::fscanf(output, "VmHWM: %ld", &kibibytes) == 1;
  if (!output || ::pclose(output) != 0 || !read)
    throw Error({.what = "a program whose memory is measured failed", .found = command});
  return static_cast<double>(kibibytes) / 1024;
}

std::string markdown(const std::vector<Row>& rows, const Limits& most, double torch_memory,
                     double our_memory, const std::string& instructions) {
  std::string text = fmt::format(
      "# Inference\n\n{}; LibTorch {} ({}), runtime {}; {}\n\nOne sample at a time. LibTorch "
      "computes "
      "with ŵ in float32, in the faster one of two ways; the runtime from packed weights. Both ran "
      "in turn in one process, after their outputs had been compared. The machine is shared: "
      "times in ms are of one thread the median of the processor's time, and the ratio the median "
      "over the rounds; of two threads both are of the fastest rounds.\n\n",
      record::cpu_model(), train::libtorch_version(), train::cpu_capability(), instructions,
      now_iso8601());
  text +=
      "| network | threads | LibTorch | runtime | times as fast | goal | difference | file | load "
      "|\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
  for (const auto& row : rows) {
    text += fmt::format(
        "| {} | {} | {:.3f} ({}) | {:.3f} | {:.1f} | {} | {:.1g} | {:.2f} MiB | "
        "{:.0f} ms |\n",
        row.title, row.threads, typical(row.torch, row.threads), row.fastest,
        typical(row.ours, row.threads), row.times,
        row.goal > 0 ? fmt::format("≥ {}", row.goal) : "", row.difference,
        static_cast<double>(row.bytes) / (1 << 20), row.load);
  }
  text += fmt::format(
      "\n\"Difference\" is the largest between both outputs, as a fraction of the largest output. "
      "On one thread this machine reads {:.1f} GB/s from memory and LibTorch's matrix product "
      "reaches {:.0f} GFLOP/s. The runtime's packed weights were read at",
      most.gigabytes, most.gigaflops);
  const char* between = " ";
  for (const auto& row : rows) {
    if (row.threads != 1) continue;
    text += fmt::format("{}{:.1f} GB/s ({})", between, row.weight_bytes / row.ours.median() / 1e6,
                        row.title);
    between = ", ";
  }
  text += fmt::format(
      ".\n\nPeak memory of a process that runs the ternary MNIST network once: {:.0f} MiB with "
      "LibTorch, {:.1f} MiB with the runtime.\n",
      torch_memory, our_memory);
  return text;
}

int go(const std::string& own, const std::string& example, const std::string& out) {
  const fs::path configs = fs::path(LAQ_SOURCE_DIR) / "configs";
  const fs::path folder = fs::temp_directory_path() / fmt::format("laq-inference-{}", ::getpid());
  make_folder(folder);
  std::vector<Row> rows;
  std::string instructions;
  double torch_memory = 0, our_memory = 0;
  for (const Case& one : cases()) {
    const test::NetworkPair pair =
        test::make_network_pair(configs, {one.model, one.method, one.shape}, folder);
    for (const int threads : {1, 2}) {
      rows.push_back(measure(one, pair, threads));
      fmt::print("{} ({}): {:.3f} ms, {:.3f} ms, {:.1f} times as fast\n", one.title, threads,
                 typical(rows.back().torch, threads), typical(rows.back().ours, threads),
                 rows.back().times);
      std::cout << std::flush;
    }
    instructions = deploy::PackedModel(pair.file, 1).info().instructions;
    if (our_memory == 0) {
      our_memory = peak_mebibytes(example + " " + pair.file.string());
      torch_memory = peak_mebibytes(own + " --once");
    }
  }
  fs::remove_all(folder);
  const std::string text = markdown(rows, limits(), torch_memory, our_memory, instructions);
  replace_file(out, text);
  std::cout << text;
  return 0;
}

// For the peak memory: LibTorch alone.
int once() {
  train::set_threads(1);
  const at::NoGradGuard no_gradient;
  config::Tree tree = config::parse_yaml(kMlp, "model");
  config::Reader section(&tree, "model");
  const auto model = nn::make_model(section, kMnist, 1);
  model->eval();
  model->forward(at::zeros({1, 1, 28, 28}));
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) std::cout << line << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace laq::bench

int main(int argc, char** argv) {
  laq::prepare_allocator();
  try {
    if (argc > 1 && std::string(argv[1]) == "--once") return laq::bench::once();
    laq::restart_with_waiting_policy(argv);
    return laq::bench::go(argv[0], LAQ_RUN_ONCE, argc > 1 ? argv[1] : "results/bench/inference.md");
  } catch (const std::exception& error) {
    std::cerr << "laq_bench_inference: " << laq::first_line(error.what()) << std::endl;
    return 1;
  }
}
