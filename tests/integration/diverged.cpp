#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "integration/run_results.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;

namespace {

/// Steps without bound: without a second moment a gradient that happens to be near zero is divided
/// by almost nothing.
const std::vector<std::string> kDiverging{"train.learning_rate=1000", "train.adam.beta2=0",
                                          "train.adam.epsilon=1e-30"};

std::vector<std::string> diverging(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), kDiverging.begin(), kDiverging.end());
  return arguments;
}

void check_diverged(const Workplace& place, const std::string& method,
                    const std::vector<std::string>& more, const std::string& message) {
  auto arguments = diverging({"run", "tiny", "--json", "--method", method, "--runs", method});
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Outcome outcome = place.laq(arguments);
  INFO(outcome.command << "\n" << outcome.out << outcome.err);
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err, Catch::Contains("laq: diverged: ") && Catch::Contains(message));
  const auto object = nlohmann::json::parse(outcome.out, nullptr, false);
  REQUIRE(object.is_object());
  REQUIRE(object["state"] == "diverged");
  CHECK_THAT(object["reason"].get<std::string>(), Catch::Contains(message));
  const auto status = status_of(place.run_folder(method, method));
  CHECK(status.state == record::State::diverged);
  CHECK_THAT(status.reason, Catch::Contains(message));
}

}  // namespace

TEST_CASE("a loss that is not finite ends the run as diverged") {
  const Workplace place;
  check_diverged(place, "full", {}, "loss is not finite");
}

TEST_CASE("weights that are not finite end the run as diverged") {
  const Workplace place;
  for (const std::string method : {"late", "ttq", "dorefa3"})
    check_diverged(place, method, {}, "not finite");
}

TEST_CASE("a validation or test loss that is not finite ends the run as diverged") {
  // The first step's loss is finite, the network it leaves is not fit to be evaluated.
  const Workplace place;
  check_diverged(place, "full", {"train.max_steps=1", "model.hidden=[16, 16]"},
                 "loss is not finite");
}

TEST_CASE("a sweep goes on after a run that diverged, and leaves with 1") {
  const Workplace place;
  const std::vector<std::string> words{"sweep",
                                       "tiny",
                                       "method=full",
                                       "train.learning_rate=1000",
                                       "train.adam.epsilon=1e-30",
                                       "train.adam.beta2=0,0.999",
                                       "--runs",
                                       "runs"};
  const Outcome outcome = place.laq(words);
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.out, Catch::Contains("diverged tiny full train.adam.beta2=0 seed 1: ") &&
                              Catch::Contains("done   tiny full train.adam.beta2=0.999 seed 1"));
  CHECK_THAT(outcome.err, Catch::StartsWith("laq: ") && Catch::Contains("1 of 2 runs"));
  const Outcome status = place.laq({"status", "runs"});
  CHECK_THAT(status.out, Catch::Contains("1 completed, 1 diverged"));

  auto fast = words;
  fast.back() = "other";
  fast.push_back("--fail-fast");
  const Outcome stopped = place.laq(fast);
  CHECK(stopped.exit_code == 1);
  CHECK(count(stopped.out, "start ") == 1);
}
