#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/machine.hpp"
#include "core/median.hpp"
#include "core/text.hpp"
#include "experiments/commands.hpp"
#include "experiments/interrupt.hpp"
#include "experiments/shared_options.hpp"
#include "train/metric.hpp"
#include "train/session.hpp"
#include "train/torch_info.hpp"

namespace laq {
namespace {

// Paths need not be UTF-8.
constexpr auto kReplace = nlohmann::json::error_handler_t::replace;

struct RunOptions {
  train::RunRequest request;
  std::vector<std::string> words;
  DataPathOptions data;
  std::string runs = "results/runs";
  std::string device = "cpu";
  bool no_graph = false, rerun = false;
  std::string expect;
  int threads = 0;
  bool json = false;
  bool show_config = false;
};

/// What a run is judged by: errors, or of text losses. `value` gives a column's value; `words` with
/// what they are.
template <typename Value>
std::string scores(const train::Run& run, const Value& value, const char* between, bool words) {
  const train::MetricFacts& judged = train::facts(train::metric_of(run));
  const bool text = train::metric_of(run) == train::Metric::test_loss;
  const std::string word = words ? std::string(" ") + judged.word : "";
  const auto number = [&](const char* key) {
    return text ? fmt::format("{:.4f}", value(key)) : fmt::format("{:.2f} %", value(key));
  };
  return fmt::format("validation{} {}{}test{} {}", word, number(judged.valid), between, word,
                     number(judged.test));
}

/// One line per epoch, and on a terminal a line that counts the steps in between.
class Progress {
 public:
  explicit Progress(bool to_stderr)
      : out_(to_stderr ? stderr : stdout), live_(::isatty(::fileno(out_)) == 1) {}

  void step(const train::Training& training) {
    const auto& at = training.position();
    if (!first_) {  // what came before it took longer
      first_ = at.steps;
      started_ = Clock::now();
    }
    if (!live_ || at.steps == *first_ || at.step_in_epoch % 10 != 0) return;
    const double here = since(started_) / static_cast<double>(at.steps - *first_);
    fmt::print(out_, "\r  step {}/{} of epoch {}, {} left at this pace\x1b[K", at.step_in_epoch,
               at.steps_per_epoch, at.epoch + 1,
               duration_text(here * static_cast<double>(at.total_steps - at.steps)));
    std::fflush(out_);
  }

  void epoch(const train::Training& training, const train::Run& run) {
    const auto& rows = training.history().epochs;
    if (rows.rows() == 0) return;
    const auto last = [&](const char* column) { return rows.find(column)->back(); };
    if (live_) fmt::print(out_, "\r\x1b[K");
    const auto left = static_cast<double>(run.train.epochs - rows.index.back());
    const double relaxation = training.relaxation_at(rows.rows() - 1);
    fmt::print(out_, "epoch {:>3}/{}  loss {:.4f}  {}{}  {:.1f} s{}\n", rows.index.back(),
               run.train.epochs, last("train_loss"), scores(run, last, "  ", false),
               relaxation > 0 ? fmt::format("  not discrete: {:.2g} % off", 100 * relaxation) : "",
               last("seconds"),
               left > 0 ? ", " + duration_text(left * mean_seconds(rows)) + " left" : "");
    std::fflush(out_);
  }

 private:
  static double mean_seconds(const record::Table& epochs) {
    const auto& seconds = *epochs.find("seconds");
    return std::accumulate(seconds.begin(), seconds.end(), 0.0) /
           static_cast<double>(seconds.size());
  }

  std::FILE* out_;
  bool live_;
  std::optional<std::int64_t> first_;  // step that this process made
  Clock::time_point started_ = Clock::now();
};

nlohmann::json summary(const train::Run& run, const train::SessionResult& result) {
  nlohmann::json all = {{"experiment", run.request.experiment},
                        {"method", run.request.method},
                        {"title", run.method_title},
                        {"profile", run.request.profile},
                        {"seed", run.request.seed},
                        {"hash", run.hash},
                        {"state", record::state_name(result.state)},
                        {"run_dir", result.folder.string()}};
  if (!result.reason.empty()) all["reason"] = result.reason;
  all["epochs"] = result.history.epochs.rows();
  for (const char* key : {"best_epoch", "steps", "valid_error", "valid_loss", "test_error",
                          "test_loss", "step_ms", "seconds", "peak_rss_mb"}) {
    const auto value = result.history.final_values.find(key);
    if (value == result.history.final_values.end()) {
      all[key] = nullptr;
    } else {
      std::visit([&](const auto& plain) { all[key] = plain; }, value->second);
    }
  }
  const auto checkpoint = median(result.checkpoint_seconds);  // of this call alone
  if (checkpoint) all["checkpoint_ms"] = 1000 * *checkpoint;
  return all;
}

int exit_code(record::State state) {
  if (state == record::State::completed) return 0;
  return state == record::State::interrupted ? kInterruptedExit : 1;
}

void print_result(const train::Run& run, const train::SessionResult& result) {
  const auto final = [&](const char* key) {
    const auto& values = result.history.final_values;
    const auto found = values.find(key);
    if (found != values.end()) return found->second;
    throw Error({.what = fmt::format("the record has no final '{}'", key),
                 .where = (result.folder / "run.h5").string(),
                 .advice = "remove the run's folder and make it anew"});
  };
  const auto real = [&](const char* key) { return std::get<double>(final(key)); };
  switch (result.state) {
    case record::State::completed:
      fmt::print("best epoch {}: {}\nrecord: {}\n", std::get<std::int64_t>(final("best_epoch")),
                 scores(run, real, ", ", true), (result.folder / "run.h5").string());
      break;
    case record::State::interrupted:
      fmt::print("stopped; the same command goes on from the checkpoint in {}\n",
                 result.folder.string());
      break;
    default:
      break;
  }
}

void go(RunOptions& options, Context& context) {
  train::device_named(options.device);  // a wrong one is told before anything is made
  for (const auto& word : options.words)
    options.request.overrides.push_back(config::parse_override(word));
  const train::Run run = train::resolve(context.configs, options.request);
  if (!options.expect.empty() && run.hash != options.expect) {
    throw usage_error({.what = "the configuration was changed since the sweep was planned",
                       .found = "hash " + run.hash.substr(0, 8),
                       .expected = options.expect.substr(0, 8),
                       .advice = "call the sweep again"});
  }
  if (options.show_config) {
    std::cout << run.yaml();
    return;
  }
  Progress progress(options.json);
  train::SessionOptions session;
  session.runs = options.runs;
  session.data = options.data.paths();
  session.device = options.device;
  session.graph = !options.no_graph;
  session.rerun = options.rerun;
  session.threads = options.threads > 0 ? options.threads : threads_for(1);
  session.on_start = [&] {
    watch_signals();
    if (session.threads > available_cores()) {
      std::cerr << fmt::format(
          "laq: note: {} threads take longer than one for each of the {} cores that may be used "
          "here; choose fewer with --threads or OMP_NUM_THREADS\n",
          session.threads, available_cores());
    }
    const std::string cost = optim::cost_on_gpu(run.quantizer);
    if (options.device != "cpu" && !cost.empty()) std::cerr << "laq: note: " << cost << "\n";
  };
  session.stop = interrupted;
  session.on_step = [&](const train::Training& training) { progress.step(training); };
  session.on_epoch = [&](const train::Training& training) { progress.epoch(training, run); };
  leave_at_signals();
  const train::SessionResult result = train::run_session(run, session);
  context.exit_code = exit_code(result.state);
  if (!result.reason.empty()) {
    const bool waits = result.state == record::State::queued;
    std::cerr << fmt::format("laq: {}{}\n", waits ? "" : record::state_name(result.state) + ": ",
                             result.reason);
  }
  if (result.other_code) {
    std::cerr << "laq: note: this finished run is of other code of its method than today's; "
                 "--rerun makes it anew\n";
  }
  if (options.json) {
    std::cout << summary(run, result).dump(2, ' ', false, kReplace) << "\n";
  } else {
    print_result(run, result);
  }
}

}  // namespace

void add_run_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Train one network, or go on with it");
  command
      ->add_option("EXPERIMENT", options->request.experiment,
                   "Name below configs/experiments, or a YAML file")
      ->required();
  command->add_option("OVERRIDES", options->words,
                      "key=value, for example train.epochs=5 quantizer.bits=4");
  command
      ->add_option("--method", options->request.method,
                   "Name below configs/methods, or a YAML file")
      ->capture_default_str();
  command->add_option("--seed", options->request.seed, "Seed of initial weights and data order")
      ->check(whole_number<std::int64_t>(0))
      ->capture_default_str();
  command
      ->add_option("--profile", options->request.profile,
                   "How much of the protocol: quick, reduced, short or paper")
      ->capture_default_str();
  command->add_option("--device", options->device, "Where to compute: cpu, cuda, cuda:N")
      ->capture_default_str();
  command->add_flag("--no-graph", options->no_graph, "On a GPU: no CUDA graph of the step");
  command->add_flag("--rerun", options->rerun,
                    "Make a finished run anew; the old one is kept until the new one is finished");
  command
      ->add_option("--threads", options->threads, "Threads (OMP_NUM_THREADS, otherwise all cores)")
      ->check(whole_number(1));
  command->add_option("--runs", options->runs, "Folder of runs")->capture_default_str();
  command->add_option("--expect", options->expect, "Hash of the configuration it must have")
      ->group("");  // for sweeps
  command->add_flag("--json", options->json,
                    "Print one JSON object and nothing else on standard output");
  command->add_flag("--show-config", options->show_config,
                    "Print the resolved configuration, and train nothing");
  options->data.add_to(*command);
  command->callback([options, &context] { go(*options, context); });
}

}  // namespace laq
