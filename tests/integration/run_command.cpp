#include <sys/wait.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "config/tree.hpp"
#include "core/files.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"
#include "record/hdf5.hpp"
#include "record/run_record.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// The one JSON object on standard output; anything else there is an error.
json object_of(const Outcome& outcome) {
  INFO(outcome.command << "\n" << outcome.out << outcome.err);
  const json object = json::parse(outcome.out, nullptr, false);
  REQUIRE(object.is_object());
  for (const char* key :
       {"experiment", "method", "seed", "state", "epochs", "best_epoch", "valid_error",
        "test_error", "test_loss", "step_ms", "peak_rss_mb", "run_dir"})
    CHECK(object.contains(key));
  return object;
}

std::vector<double> column(const record::Hdf5Reader& file, const std::string& path) {
  return file.read<double>(path).values;
}

bool shell(const std::string& command) {
  const int status = std::system((command + " >/dev/null 2>&1").c_str());
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("pictures are judged by their error, whatever the loss") {
  const Workplace place;
  const Outcome outcome = place.laq({"run", "tiny", "--method", "late", "train.loss=cross_entropy",
                                     "model.output_norm=false", "train.epochs=2"});
  check_done(outcome);
  CHECK(count(outcome.out, "validation ") == 3);  // of two epochs, and the best one
  CHECK_THAT(outcome.out, Catch::Contains(" left\n"));
  CHECK_THAT(outcome.out, Catch::Contains(" %") && !Catch::Contains("validation loss"));
  const json object = object_of(
      place.laq({"run", "tiny", "--method", "late", "train.loss=cross_entropy",
                 "model.output_norm=false", "train.epochs=2", "quantizer.group=row", "--json"}));
  CHECK(object["title"] == "LATe, group row");
}

TEST_CASE("run --json prints one object, and a completed run is returned as it is") {
  const Workplace place;
  const std::vector<std::string> arguments{"run",    "tiny", "--method", "late",
                                           "--seed", "7",    "--json"};
  const Outcome first = place.laq(arguments);
  CHECK(first.exit_code == 0);
  const json object = object_of(first);
  CHECK(object["experiment"] == "tiny");
  CHECK(object["method"] == "late");
  CHECK(object["seed"] == 7);
  CHECK(object["state"] == "completed");
  CHECK(object["epochs"] == 3);
  CHECK(object["steps"] == 300);
  CHECK(object["step_ms"].get<double>() > 0);
  CHECK(object["peak_rss_mb"].get<double>() > 10);
  CHECK(object["peak_rss_mb"].get<double>() < 1024);
  CHECK(object["test_error"].get<double>() < 10);
  CHECK(fs::equivalent(place / object["run_dir"].get<std::string>(), place.run_folder("late")));

  const fs::path record = place.run_folder("late") / "run.h5";
  const std::string before = read_file(record);
  const auto written = fs::last_write_time(record);
  const Outcome second = place.laq(arguments);
  CHECK(second.exit_code == 0);
  json trained = object;
  trained.erase("checkpoint_ms");  // it saved nothing this time
  CHECK(second.out == trained.dump(2) + "\n");
  CHECK((read_file(record) == before));
  CHECK(fs::last_write_time(record) == written);
  CHECK(second.err.empty());  // nothing was trained
}

TEST_CASE("a completed run whose record is damaged says what to do, and is made good") {
  const Workplace place;
  check_done(place.laq({"run", "tiny"}));
  const fs::path record = place.run_folder() / "run.h5";
  const auto history = record::read_run_record(record).history;
  fs::resize_file(record, fs::file_size(record) / 2);
  check_refusal(place.laq({"run", "tiny"}), 1,
                {"run.h5", "truncated", "move it away", "from the checkpoint"});
  fs::remove(record);
  check_done(place.laq({"run", "tiny"}));
  CHECK(record::read_run_record(record).history.epochs.columns == history.epochs.columns);
}

#ifndef LAQ_SANITIZE  // whose own memory is beyond the limit
TEST_CASE("a run that takes more memory than there is says so") {
  const Workplace place;
  Call call =
      place.call({"-c", "ulimit -v 64000000; exec \"$0\" run tiny model.hidden=[1048576,1048576]",
                  fs::canonical(LAQ_PROGRAM).string()});
  call.program = "/bin/sh";
  check_refusal(run(call), 1, {"failed: out of memory", "ulimit", "smaller network"});
  CHECK_THAT(status_of(place.run_folder()).reason, Catch::Contains("out of memory"));
}
#endif

TEST_CASE("a run's files say what it was and agree with each other") {
  const Workplace place;
  const json object = object_of(place.laq({"run", "tiny", "--method", "lat2a", "--json"}));
  const fs::path folder = place.run_folder("lat2a");
  const std::string hash = object["hash"];
  CHECK(folder.parent_path().filename() == "lat2a-" + hash.substr(0, 8));
  CHECK(folder.filename() == "seed-1");

  const std::string yaml = read_file(folder / "config.yaml");
  const config::Tree tree = config::parse_yaml(yaml, "config.yaml");
  CHECK_THAT(yaml, Catch::Contains(hash));
  REQUIRE(tree.find("train.epochs"));
  CHECK(*tree.find("train.epochs")->scalar() == "3");
  CHECK(*tree.find("quantizer.scaling")->scalar() == "asymmetric");

  const json status = json::parse(read_file(folder / "status.json"));
  CHECK(status["state"] == "completed");
  CHECK(status["epoch"] == 3);
  CHECK(status["epochs"] == 3);
  CHECK(status["progress"] == 1.0);

  const record::Hdf5Reader file(folder / "run.h5");
  const auto text = [&](const char* name) { return file.text("/", name); };
  for (const char* name : {"creator", "version", "git_commit", "host", "cpu_model",
                           "cpu_capability", "libtorch_version", "blas", "device"})
    CHECK_FALSE(text(name).empty());
  const std::string time = text("file_time");  // 2026-01-31T12:00:00Z
  CHECK((time.size() == 20 && time[4] == '-' && time[10] == 'T' && time.back() == 'Z'));
  CHECK(text("config_hash") == hash);
  CHECK(text("config_yaml") == yaml);
  CHECK(text("dataset_sha256").size() == 64);
  CHECK(text("experiment") == "tiny");
  CHECK(text("method") == "lat2a");
  CHECK(text("profile") == "paper");
  CHECK(file.integer("/", "seed") == 1);
  CHECK(file.integer("/", "threads") == 1);
  CHECK(file.integer("/", "git_dirty") <= 1);

  CHECK(file.read<std::int64_t>("/epochs/epoch").values == std::vector<std::int64_t>{1, 2, 3});
  CHECK(column(file, "/steps/loss").size() == 300);
  const auto errors = column(file, "/epochs/valid_error");
  std::size_t best = 0;
  for (std::size_t i = 1; i < errors.size(); ++i) best = errors[i] <= errors[best] ? i : best;
  CHECK(file.integer("/final", "best_epoch") == static_cast<std::int64_t>(best) + 1);
  for (const char* name : {"valid_error", "valid_loss", "test_error", "test_loss"}) {
    CHECK(file.real("/final", name) == column(file, std::string("/epochs/") + name)[best]);
    CHECK(object[name].get<double>() == file.real("/final", name));
  }
  CHECK(object["best_epoch"] == best + 1);
  CHECK(column(file, "/epochs/learning_rate") == std::vector<double>{0.01, 0.01, 0.01});
  for (const auto& layer : file.names("/layers")) {
    const std::string path = "/layers/" + layer;
    CHECK(file.dataset(path + "/scales").shape == record::Shape{3, 2});
    CHECK(file.dataset(path + "/level_histogram").shape == record::Shape{3, 3});
    CHECK(file.dataset(path + "/flips").shape == record::Shape{3, 1});
  }
  CHECK(file.names("/layers").size() == 2);
}

TEST_CASE("h5py opens a run's record") {
  const Workplace place;
  check_done(place.laq({"run", "tiny", "--method", "ttq"}));
  if (!shell("/usr/bin/python3 -c 'import h5py'")) {
    WARN("skipped: h5py is not installed (package python3-h5py)");
    return;
  }
  CHECK(shell("/usr/bin/python3 '" LAQ_SOURCE_DIR "/tests/integration/h5py_record.py' '" +
              (place.run_folder("ttq") / "run.h5").string() + "'"));
}

TEST_CASE("h5dump opens a run's record and checkpoint") {
  const Workplace place;
  check_done(place.laq({"run", "tiny"}));
  if (!shell("h5dump --version")) {
    WARN("skipped: h5dump is not installed (package hdf5-tools)");
    return;
  }
  for (const char* name : {"run.h5", "checkpoint.h5"})
    CHECK(shell("h5dump '" + (place.run_folder() / name).string() + "'"));
}

TEST_CASE("train.max_steps stops after that many steps") {
  const Workplace place;
  for (const auto& [steps, epochs] : {std::pair{7, 1}, {100, 1}, {150, 2}, {1000, 3}}) {
    const json object =
        object_of(place.laq({"run", "tiny", "--json", "train.max_steps=" + std::to_string(steps)}));
    CHECK(object["steps"] == std::min(steps, 300));
    CHECK(object["epochs"] == epochs);
    CHECK(object["state"] == "completed");
    const record::Hdf5Reader file(place / object["run_dir"].get<std::string>() / "run.h5");
    CHECK(file.read<std::int64_t>("/steps/step").values.back() == std::min(steps, 300));
  }
}

TEST_CASE("no epochs: the initial network is evaluated") {
  const Workplace place;
  const json object = object_of(place.laq({"run", "tiny", "--json", "train.epochs=0"}));
  CHECK(object["state"] == "completed");
  CHECK(object["epochs"] == 0);
  CHECK(object["steps"] == 0);
  CHECK(object["best_epoch"] == 0);
  CHECK(object["test_error"].get<double>() > 10);
}

TEST_CASE("the seed decides the run, and nothing else does") {
  const Workplace place;
  const auto train = [&](const std::string& runs, const std::string& seed) {
    check_done(place.laq({"run", "tiny", "--method", "lata", "--seed", seed, "--runs", runs}));
    return place.run_folder("lata", runs);
  };
  const fs::path a = train("a", "1"), b = train("b", "1"), c = train("c", "2");
  CHECK(first_difference(a, b) == "");
  CHECK(first_difference(a, c) != "");
  CHECK(a.parent_path().filename() == c.parent_path().filename());
}

TEST_CASE("every method learns") {
  const Workplace place;
  for (const auto& entry : fs::directory_iterator(place / "configs/methods")) {
    const std::string method = entry.path().stem().string();
    INFO(method);
    const json object = object_of(place.laq({"run", "tiny", "--method", method, "--json"}));
    CHECK(object["state"] == "completed");
    CHECK(object["test_error"].get<double>() < 10);
  }
}

TEST_CASE("Fashion-MNIST is learnt where Debian's package is installed") {
  if (!has_fashion_mnist()) {
    WARN("skipped: Fashion-MNIST is not here (package dataset-fashion-mnist)");
    return;
  }
  const Workplace place;
  const json object = object_of(
      place.laq({"run", "fashion_mnist", "--method", "late", "--profile", "quick", "--json",
                 "model.hidden=[64]", "data.train_limit=5000", "data.validation_limit=1000"}));
  CHECK(object["state"] == "completed");
  CHECK(object["test_error"].get<double>() < 25);
}

TEST_CASE("MNIST is learnt where it can be had") {
  if (!fs::exists(real_data() / "mnist")) {
    WARN("skipped: MNIST is not here; run laq data fetch mnist or set LAQ_DATA_MIRROR");
    return;
  }
  const Workplace place;
  const std::string mirror = real_data().string();
  check_done(place.laq({"data", "verify", "mnist", "--mirror", mirror}));
  const json object = object_of(place.laq({"run", "mnist", "--method", "lata", "--profile", "quick",
                                           "--json", "--mirror", mirror, "model.hidden=[64]",
                                           "data.train_limit=5000", "data.validation_limit=1000"}));
  CHECK(object["state"] == "completed");
  CHECK(object["test_error"].get<double>() < 12);
}
