#include <signal.h>

#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "integration/disturbed.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"
#include "record/best_weights.hpp"
#include "record/run_record.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

constexpr int kInterrupted = 75;
#ifdef LAQ_SANITIZE
constexpr int kKills = 1;
#else
constexpr int kKills = 2;
#endif

void check_kills(const std::string& model) {
  const Workplace place;
  add_tiny_models(place);
  const std::uint64_t seed = std::random_device{}();
  for (std::size_t i = 0; i < tried_methods().size(); ++i) {
    const Subject subject{model, tried_methods()[i], 1 + static_cast<int>(i) % 2};
    INFO(model << " " << subject.method << " " << subject.threads << " threads, seed " << seed);
    Disturbed run(place, subject, seed + i);
    for (int kills = 0, ended = 0; kills < kKills && ended < 20;) {
      if (run.kill()) {
        ++kills;
        CHECK(run.fault() == "");
      } else {
        ++ended;
        CHECK(run.finish() == "");
      }
    }
    CHECK(run.finish() == "");
  }
}

void check_stopped(const Outcome& outcome) {
  INFO(outcome.command << "\n" << outcome.out << outcome.err);
  CHECK(outcome.exit_code == kInterrupted);
  CHECK(outcome.err.empty());
}

}  // namespace

TEST_CASE("a killed run ends as one that was not: mlp") {
  check_kills("tiny_mlp");
}

TEST_CASE("a killed run ends as one that was not: vgg") {
  check_kills("tiny_vgg");
}

TEST_CASE("a killed run ends as one that was not: char_lstm") {
  check_kills("tiny_lstm");
}

TEST_CASE("a killed run ends as one that was not: layers") {
  check_kills("tiny_layers");
}

TEST_CASE("a run in the way of a GPU, killed or not, ends as one on the CPU") {
  const Workplace place;
  add_tiny_models(place);
  for (const auto& model : tiny_models()) {
    const std::uint64_t seed = std::random_device{}();
    INFO(model << ", seed " << seed);
    Disturbed run(place, {model, "late", 1, {}, LAQ_AHEAD_PROGRAM}, seed);
    CHECK(run.finish() == "");
    for (int i = 0; i < 4 * kKills && run.kill(); ++i) CHECK(run.fault() == "");
    CHECK(run.finish() == "");
  }
}

TEST_CASE("a run in the way of a GPU that diverges keeps its finished epochs") {
  const Workplace place;
  const auto call_to = [&](const std::string& runs) {
    return place.call({"run", "tiny", "--method", "full", "--seed", "1", "--runs", runs,
                       "--threads", "1", "train.adam.beta2=0", "train.adam.epsilon=1e-30",
                       "train.learning_rate=100", "train.batch=1000", "train.epochs=100"});
  };
  CHECK(run(call_to("plain")).exit_code == 1);
  const fs::path plain = place.run_folder("full", "plain");
  const auto expected = record::read_run_record(plain / "run.h5").history;
  CHECK(status_of(plain).state == record::State::diverged);
  REQUIRE(expected.epochs.rows() > 0);
  Call call = call_to("ahead");
  call.program = LAQ_AHEAD_PROGRAM;
  for (const char* seconds : {"1000", "0"}) {
    call.environment["SAVE_SECONDS"] = seconds;
    CHECK(run(call).exit_code == 1);
    const fs::path ahead = place.run_folder("full", "ahead");
    CHECK(status_of(ahead).state == record::State::diverged);
    CHECK(status_of(ahead).reason == status_of(plain).reason);
    const auto found = record::read_run_record(ahead / "run.h5").history;
    CHECK(found.epochs.index == expected.epochs.index);
    CHECK(*found.epochs.find("valid_loss") == *expected.epochs.find("valid_loss"));
    CHECK(*found.steps.find("loss") == *expected.steps.find("loss"));
    CHECK(record::read_best_weights(ahead / "best.h5").epoch ==
          record::read_best_weights(plain / "best.h5").epoch);
    CHECK(fs::exists(ahead / "checkpoint.h5") == (seconds == std::string("0")));
  }
}

TEST_CASE("a stopped run ends as one that was not") {
  const Workplace place;
  add_tiny_models(place);
  for (const auto& model : tiny_models()) {
    Disturbed run(place, {model, "late", 1, {"train.epochs=8"}}, std::random_device{}());
    for (const int signal_number : {SIGTERM, SIGINT, SIGHUP}) {
      // The signal may come before the program listens for it.
      if (const auto outcome = run.stop(signal_number); outcome && outcome->signal == 0) {
        check_stopped(*outcome);
        CHECK(run.fault() == "");
      }
    }
    CHECK(run.finish() == "");
  }
}

TEST_CASE("a run that is stopped saves in the middle of an epoch and says so") {
  const Workplace place;
  const Call call = place.call(
      {"run", "tiny", "--method", "late", "train.epochs=1000", "model.hidden=[256, 256]"});
  int in_epoch = 0;
  const std::array signals{SIGTERM, SIGINT, SIGHUP};
  // Some come while an epoch's files are written.
  for (std::size_t i = 0; i < 3 || (in_epoch == 0 && i < 20); ++i) {
    const int signal_number = signals[i % signals.size()];
    Program program(call);
    REQUIRE(program.wait_for_output("epoch "));
    pause(0.02);
    program.send(signal_number);
    const Outcome outcome = program.finish();
    check_stopped(outcome);
    CHECK_THAT(outcome.out, Catch::Contains("the same command goes on"));
    const record::Status status = status_of(place.run_folder("late"));
    CHECK(status.state == record::State::interrupted);
    CHECK_FALSE(status.reason.empty());
    in_epoch += steps_in_epoch(place.run_folder("late")) > 0;
  }
  CHECK(in_epoch > 0);
}

TEST_CASE("a record names every kind of process that computed a part of it") {
  const Workplace place;
  for (const std::string threads : {"1", "1", "2"}) {
    Program program(place.call({"run", "tiny", "--method", "late", "--threads", threads,
                                "train.epochs=1000", "model.hidden=[256, 256]"}));
    REQUIRE(program.wait_for_output("epoch ", 2));  // at least one with steps of its own
    program.send(SIGTERM);
    Outcome outcome = program.finish();
    if (holds(outcome.err, "laq: note: 2 threads")) outcome.err.clear();  // there is one core
    check_stopped(outcome);
  }
  const auto record = record::read_run_record(place.run_folder("late") / "run.h5");
  const std::vector<record::Stretch>& stretches = record.history.stretches;
  REQUIRE(stretches.size() == 2);
  CHECK(stretches[0].first_step == 1);
  CHECK(stretches[0].by.threads == 1);
  CHECK(stretches[1].first_step > 1);
  CHECK(stretches[1].first_step <= record.history.steps.index.back());
  CHECK(stretches[1].by.threads == 2);
  CHECK(stretches[1].by == static_cast<const record::Process&>(record.provenance));
}

TEST_CASE("a run that is stopped does not wait for the end of an evaluation") {
  const Workplace place;
  place.add_pictures("wide", {.train = 60, .validation = 50, .test = 60000});
  write_text(place / "configs/experiments/wide.yaml",
             "dataset: wide\nmodel: {kind: mlp, hidden: [256, 256]}\n"
             "train: {epochs: 3, batch: 20, loss: squared_hinge, learning_rate: 0.01,\n"
             "        schedule: {factor: 1, at: []}}\n");
  // Nearly all of an epoch is its evaluation.
  Disturbed run(place, {"wide", "late"}, 1);
  int evaluating = 0;
  for (int i = 0; i < 30 && evaluating == 0; ++i) {
    const auto outcome = run.stop(SIGINT);
    if (!outcome) {
      CHECK(run.finish() == "");
      continue;
    }
    if (outcome->signal != 0) continue;  // before the program listened for it
    check_stopped(*outcome);
    CHECK(run.fault() == "");
    if (!fs::exists(run.folder() / "checkpoint.h5")) continue;
    evaluating += steps_in_epoch(run.folder()) == 3;
  }
  CHECK(evaluating == 1);
  CHECK(run.finish() == "");
}

TEST_CASE("checkpoint.every_steps and every_seconds save within an epoch and change no outcome") {
  const Workplace place;
  const auto saved = [&](const std::string& runs, const std::vector<std::string>& words) {
    Call call = place.call({"run", "tiny", "--method", "lata", "--runs", runs, "--json"});
    call.arguments.insert(call.arguments.end(), words.begin(), words.end());
    const Outcome outcome = run(call);
    INFO(outcome.command << "\n" << outcome.err);
    REQUIRE(outcome.exit_code == 0);
    const auto object = nlohmann::json::parse(outcome.out);
    CHECK(object["checkpoint_ms"].get<double>() > 0);
    return object["hash"].get<std::string>();
  };
  const std::string hash = saved("plain", {});
  CHECK(saved("often", {"checkpoint.every_steps=7"}) == hash);
  CHECK(saved("always", {"checkpoint.every_seconds=1e-9"}) == hash);
  for (const char* runs : {"often", "always"}) {
    CHECK(first_difference(place.run_folder("lata", "plain"), place.run_folder("lata", runs)) ==
          "");
  }
  // The hash is the same, and so is the folder's name.
  const fs::path watched = place / "watched" /
                           fs::relative(place.run_folder("lata", "plain"), place / "plain") /
                           "checkpoint.h5";
  Program program(place.call(
      {"run", "tiny", "--method", "lata", "--runs", "watched", "checkpoint.every_steps=33"}));
  std::set<std::int64_t> steps;
  while (program.running()) {
    if (fs::exists(watched)) steps.insert(steps_in_epoch(watched.parent_path()));
    pause(0.001);
  }
  CHECK(steps.size() > 1);
  for (const std::int64_t step : steps)
    CHECK((step == 0 || step == 33 || step == 66 || step == 99));
  check_refusal(place.laq({"run", "tiny", "checkpoint.every_steps=-1"}), 2,
                {"'checkpoint.every_steps'", "-1"});
  check_refusal(place.laq({"run", "tiny", "checkpoint.every_step=1"}), 2,
                {"'checkpoint.every_step'", "did you mean 'every_steps'?"});
}

TEST_CASE("a run is trained by one process at a time") {
  const Workplace place;
  const Call call = place.call({"run", "tiny", "train.epochs=100000"});
  Program first(call);
  REQUIRE(first.wait_for_output("epoch "));
  check_refusal(run(call), 1,
                {place.run_folder().filename().string(), "another process", "--runs"});
  CHECK(first.running());
  CHECK(status_of(place.run_folder()).state == record::State::running);
  first.send(SIGTERM);
  CHECK(first.finish().exit_code == kInterrupted);
}

TEST_CASE("a checkpoint that cannot be used is named, not overwritten") {
  const Workplace place;
  const Call call = place.call({"run", "tiny", "train.epochs=100000"});
  Program program(call);
  REQUIRE(program.wait_for_output("epoch "));
  program.send(SIGTERM);
  REQUIRE(program.finish().exit_code == kInterrupted);
  const fs::path file = place.run_folder() / "checkpoint.h5";
  fs::resize_file(file, fs::file_size(file) / 2);
  const auto size = fs::file_size(file);
  const Outcome outcome = run(call);
  check_refusal(outcome, 1, {"checkpoint.h5", "delete the file"});
  CHECK(fs::file_size(file) == size);
  CHECK(status_of(place.run_folder()).state == record::State::failed);
}
