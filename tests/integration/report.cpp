#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "core/files.hpp"
#include "core/text.hpp"
#include "integration/browser.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"
#include "record/run_record.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

bool ready() {
  if (std::system("command -v gnuplot >/dev/null 2>&1") != 0) {
    WARN("skipped: gnuplot is not here (package gnuplot-nox)");
    return false;
  }
  if (!has_browser()) {
    WARN("skipped: Chromium is not here (package chromium)");
    return false;
  }
  return true;
}

// A run that ended as `state` says, whatever it was before.
void set_state(const fs::path& run, record::State state, const std::string& reason) {
  record::Status status = status_of(run);
  status.state = state;
  status.reason = reason;
  record::write_status(run / "status.json", status);
}

}  // namespace

TEST_CASE("a sweep's report is a page of its own that shows everything") {
  if (!ready()) return;
  const Workplace place;
  const std::vector<std::string> words = {"method=full,late,laq3_log,twn,lab,bwn", "seed=1,2",
                                          "train.epochs=2"};
  const auto call = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), words.begin(), words.end());
    return place.laq(arguments);
  };
  check_done(call({"sweep", "tiny", "--jobs", "2"}));
  // What a sweep can meet: a run that diverged, one that failed, one that is not there.
  const fs::path runs = place / "results/tiny/runs/tiny";
  const auto folder = [&](const std::string& method, int seed) {
    for (const auto& entry : fs::directory_iterator(runs)) {
      if (entry.path().filename().string().starts_with(method + "-"))
        return entry.path() / ("seed-" + std::to_string(seed));
    }
    return fs::path();
  };
  set_state(folder("lab", 1), record::State::diverged, "at epoch 2: the loss is <nan> & worse");
  set_state(folder("bwn", 1), record::State::failed, "no space left on device");
  fs::remove_all(folder("bwn", 2));
  check_done(call({"report", "tiny"}));
  const fs::path page = place / "results/tiny/report.html";
  const std::string html = read_file(page);
  for (const char* outside : {"src=\"http", "href=\"http", "@import", "<script", "url(http"})
    CHECK_THAT(html, !Catch::Contains(outside));

  const Browsed browsed = browse(page, place.path());
  for (const auto& line : browsed.console) UNSCOPED_INFO(line);
  CHECK(browsed.console.empty());
  for (const auto& seen : {browsed.wide, browsed.narrow}) {
    CHECK(seen["overflow"] == 0);
    CHECK(seen["resources"].empty());
    CHECK(seen["dangling"].empty());
    CHECK(seen["twice"].empty());
    CHECK(seen["cut"] == nlohmann::json::array());
    CHECK(seen["touching"] == nlohmann::json::array());
    CHECK(seen["unnamed_svgs"] == 0);
    CHECK(seen["bare_tables"] == 0);
    CHECK(seen["bare_heads"] == 0);
    CHECK(seen["svgs"].get<int>() >= 8);
    CHECK(seen["tables"].get<int>() >= 5);
  }
  const std::string text = browsed.wide["text"];
  const auto record = record::read_run_record(folder("late", 2) / "run.h5");
  for (const std::string& part :
       {std::string("12 runs planned"), std::string("9 completed"), std::string("1 diverged"),
        std::string("1 failed"), std::string("1 not run"),
        std::string("at epoch 2: the loss is <nan> & worse"),
        std::string("no space left on device"), std::string("train.epochs=2"),
        record.provenance.config_hash.substr(0, 16), record.provenance.git_commit.substr(0, 12),
        record.provenance.dataset_sha256, record.provenance.cpu_model,
        folder("late", 2).lexically_relative(place / "results/tiny/runs").string(),
        std::string("quantizer.levels"), std::string("Rounds of the alternating solver")}) {
    INFO(part);
    CHECK_THAT(text, Catch::Contains(part));
  }
  // The mean over two seeds, as the table prints it, and a link from it to its runs.
  CHECK_THAT(html, Catch::Contains("<a href=\"#runs-2\">"));
  // The same records give the same page.
  check_done(call({"report", "tiny", "--out", "again/page.html"}));
  CHECK(read_file(place / "again/page.html") == html);
  const Outcome printed = call({"report", "tiny", "--out", "-"});
  check_done(printed);
  CHECK(printed.out == html);
}

TEST_CASE("a report says when it is not the paper's protocol") {
  if (!ready()) return;
  const Workplace place;
  write_text(place / "configs/sweeps/own.yaml",
             "title: Own\nprofile: paper\nexperiments: [tiny]\nmethods: [full]\n");
  check_done(place.laq({"sweep", "own"}));
  check_done(place.laq({"report", "own"}));
  CHECK_THAT(read_file(place / "results/own/report.html"),
             Catch::Contains("class=\"banner\"") &&
                 Catch::Contains("data or networks that are not the paper&apos;s"));
  check_done(place.laq({"report", "mnist", "--runs", LAQ_SOURCE_DIR "/results/mnist/records",
                        "--out", "mnist.html"}));
  CHECK_THAT(read_file(place / "mnist.html"), !Catch::Contains("class=\"banner\"") &&
                                                  Catch::Contains("; the paper&apos;s protocol"));
  check_refusal(place.laq({"report", "own", "--profile", "short"}), 1,
                {"no run fits profile=short"});
  check_done(place.laq({"sweep", "own", "--profile", "quick", "--dry-run"}));
  Program sweep(place.call({"sweep", "own", "--profile", "quick", "train.epochs=100000"}));
  REQUIRE(sweep.wait_for_file(place / "results/own-quick/runs/sweep-own-quick/plan.json"));
  sweep.send(15);
  sweep.finish();
  check_done(place.laq({"report", "own", "--profile", "quick"}));
  const std::string quick = read_file(place / "results/own-quick/report.html");
  CHECK_THAT(quick, Catch::Contains("class=\"banner\"") &&
                        Catch::Contains("this is not the paper&apos;s protocol") &&
                        Catch::Contains("0 of 100000"));
}
