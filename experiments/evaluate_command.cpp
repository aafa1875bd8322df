#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/machine.hpp"
#include "deploy/evaluate.hpp"
#include "experiments/model_commands.hpp"
#include "experiments/shared_options.hpp"

namespace laq {
namespace {

struct Options {
  std::string file, dataset;
  int threads = 0;
  bool json = false;
  DataPathOptions data;
};

nlohmann::json as_json(const deploy::Evaluation& result, const laq_info& info) {
  nlohmann::json all = {{"dataset", result.dataset},
                        {"answers", result.answers},
                        {"wrong", result.wrong},
                        {"test_error", result.error()},
                        {"test_loss", result.loss},
                        {"recorded_error", nullptr},
                        {"recorded_loss", nullptr},
                        {"difference", nullptr},
                        {"instructions", info.instructions}};
  for (const auto& [place, lead] : result.closest)
    all["closest"].push_back({{"place", place}, {"lead", lead}});
  if (!result.has_record()) return all;
  all["recorded_error"] = result.recorded.at("test_error");
  all["recorded_loss"] = result.recorded.at("test_loss");
  all["difference"] = result.difference();
  return all;
}

void print(const deploy::Evaluation& result, bool text) {
  const char* answers = text ? "characters" : "pictures";
  fmt::print("{}: test error {:.4f} % ({} of {} {}), test loss {:.6f}\n", result.dataset,
             result.error(), result.wrong, result.answers, answers, result.loss);
  if (!result.has_record()) {
    fmt::print("nothing is recorded of this dataset to compare with\n");
    return;
  }
  const std::int64_t difference = result.difference();
  fmt::print("recorded:{} test error {:.4f} %, test loss {:.6f}: {}\n",
             std::string(result.dataset.size() - 8 < 20 && result.dataset.size() > 8
                             ? result.dataset.size() - 8
                             : 0,
                         ' '),
             result.recorded.at("test_error"), result.recorded.at("test_loss"),
             difference == 0 ? fmt::format("the same number of wrong {}", answers)
                             : fmt::format("{} wrong {} {}", std::abs(difference), answers,
                                           difference > 0 ? "more" : "fewer"));
  if (difference == 0) return;
  std::vector<std::string> closest;
  for (const auto& [place, lead] : result.closest)
    closest.push_back(fmt::format("{} ({:.1e})", place, lead));
  fmt::print("closest answers, counted from 0, with the lead of the highest score: {}\n",
             fmt::join(closest, ", "));
}

void go(const Options& options, Context& context) {
  const deploy::PackedModel model(options.file,
                                  options.threads > 0 ? options.threads : threads_for(1));
  const deploy::Evaluation result =
      deploy::evaluate(model, context.configs, options.dataset, options.data.paths());
  if (options.json) {
    fmt::print("{}\n", as_json(result, model.info()).dump());
  } else {
    print(result, model.info().reads_characters != 0);
  }
  if (result.as_recorded()) return;
  throw Error({.what = "the file's test error is not the recorded one",
               .where = options.file,
               .found = fmt::format("{} wrong", result.wrong),
               .expected = fmt::format("{}, give or take one in 10 000",
                                       result.wrong - result.difference()),
               .advice = "export it again with this version"});
}

}  // namespace

void add_evaluate_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "evaluate", "Test error and loss of an exported file, by the runtime, beside the recorded");
  command->add_option("FILE", options->file, "A file of laq export")->required();
  command->add_option("DATASET", options->dataset,
                      "Name below configs/datasets (otherwise the one it was trained on)");
  command->add_option("--threads", options->threads, "Threads (otherwise all cores)")
      ->check(whole_number<int>(1));
  command->add_flag("--json", options->json, "Print one JSON object");
  options->data.add_to(*command);
  command->callback([options, &context] { go(*options, context); });
}

}  // namespace laq
