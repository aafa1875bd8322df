#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/files.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;
using nlohmann::json;

TEST_CASE("a sweep's table is printed in four formats, as the sweep wrote it") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "seed=1,2"}));
  for (const auto& [format, file] : {std::pair<std::string, std::string>{"md", "md"},
                                     {"latex", "tex"},
                                     {"csv", "csv"},
                                     {"json", "json"}}) {
    const Outcome table = place.laq({"table", "tiny", "seed=1,2", "--format", format});
    check_done(table);
    CHECK(table.out == read_file(place / ("results/tiny/table." + file)));
    check_done(place.laq({"table", "tiny", "seed=1,2", "--format", format, "--out", "out"}));
    CHECK(read_file(place / "out") == table.out);
  }
  const std::string markdown = read_file(place / "results/tiny/table.md");
  CHECK_THAT(markdown,
             Catch::Contains("full-precision") && Catch::Contains("LATe") && Catch::Contains("±"));
  CHECK_THAT(read_file(place / "results/tiny/table.tex"), Catch::Contains("\\begin{tabular}"));
  CHECK(count(read_file(place / "results/tiny/table.csv"), "\n") == 3);

  const json table = json::parse(read_file(place / "results/tiny/table.json"));
  REQUIRE(table["rows"].size() == 2);
  const json& cell = table["rows"][1]["cells"][0];
  CHECK(table["rows"][1]["method"] == "late");
  CHECK(cell["n"] == 2);
  double sum = 0;
  for (const auto& one : cell["runs"]) sum += one["value"].get<double>();
  CHECK(cell["mean"].get<double>() == Approx(sum / 2));
}

TEST_CASE("a table says which cells are missing and why") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny"}));
  fs::remove_all(place.run_folder("late", "results/tiny/runs"));
  const Outcome table = place.laq({"table", "tiny"});
  check_done(table);
  CHECK_THAT(table.out, Catch::Contains("LATe") && Catch::Contains("not run"));
  const json cell =
      json::parse(place.laq({"table", "tiny", "--format", "json"}).out)["rows"][1]["cells"][0];
  CHECK(cell["n"] == 0);
  CHECK(cell["missing"].size() == 1);
}

TEST_CASE("a table says that data is missing, and which") {
  const Workplace place;
  fs::remove(place.data() / "train-labels");
  const Outcome sweep = place.laq({"sweep", "tiny", "method=full"});
  CHECK(sweep.exit_code == 1);
  CHECK_THAT(sweep.out, Catch::Contains("missing tiny full seed 1: tiny/train-labels: "));
  const Outcome table = place.laq({"table", "tiny", "method=full"});
  check_done(table);
  CHECK_THAT(table.out,
             Catch::Contains("| missing |") && Catch::Contains("train-labels not at hand"));
}

TEST_CASE("the quick profile is not compared with the paper") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "--profile", "quick", "train.epochs=1"}));
  check_refusal(place.laq({"table", "tiny", "--profile", "quick", "--check"}), 2,
                {"--check", "quick", "--profile paper"});
  const Outcome table = place.laq({"table", "tiny-quick"});
  check_done(table);
  CHECK_THAT(table.out,
             Catch::StartsWith("# ") && Catch::Contains("quick profile, NOT the paper's"));
  check_done(place.laq({"sweep", "tiny"}));
  check_refusal(place.laq({"table", "tiny", "--check"}), 2,
                {"--check", "data or networks that are not the paper's"});
}

TEST_CASE("a sweep that was not run leaves with 1, and with what is there instead") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny"}));
  for (const std::string command : {"table", "report", "plot", "claims"}) {
    check_refusal(place.laq({command, "table1", "experiment=mnist"}), 1,
                  {"nothing of the sweep 'table1' was run here", "2 runs of the sweeps tiny",
                   "laq sweep table1"});
    check_refusal(place.laq({command, "tiny", "method=twn"}), 1,
                  {"no run fits method=twn", "method=full, late"});
  }
  check_refusal(place.laq({"table", "other", "--runs", "results/tiny/runs"}), 1,
                {"no sweep 'other' was run here", "2 runs of the sweeps tiny"});
}

TEST_CASE("a sweep that was not run here is shown by the records that git keeps of it") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny"}));
  const Outcome table = place.laq({"table", "tiny"});
  fs::rename(place / "results/tiny/runs", place / "results/tiny/records");
  const Outcome kept = place.laq({"table", "tiny"});
  check_done(kept);
  CHECK(kept.out == table.out);
  fs::remove_all(place / "results/tiny/records/sweep-tiny");  // as they were kept before plans were
  check_done(place.laq({"table", "tiny"}));
  check_done(place.laq({"plot", "tiny"}));
  CHECK(fs::exists(place / "results/tiny/figures"));
}

TEST_CASE("what was run is shown without repeating the words, by sweep, folder and name") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "--runs", "X", "train.epochs=1", "method=full,twn,late"}));
  const Outcome table = place.laq({"table", "tiny", "--runs", "X"});
  check_done(table);
  CHECK(count(table.out, "not run") == 0);
  for (const char* row : {"| full-precision |", "| TWN ", "| LATe "})
    CHECK_THAT(table.out, Catch::Contains(row));
  CHECK_THAT(table.out, Catch::Contains("changed: train.epochs=1"));
  CHECK(place.laq({"table", "X"}).out == table.out);
  // Words leave out.
  const auto rows = json::parse(
      place.laq({"table", "X", "method=twn", "--where", "train.epochs=1", "--format", "json"}).out);
  REQUIRE(rows["rows"].size() == 1);
  CHECK(rows["rows"][0]["cells"][0]["n"] == 1);
  // A folder of several plans shows all, by name; a name alone is looked up in results.
  check_done(place.laq({"sweep", "tiny", "--name", "mine", "method=full"}));
  check_done(place.laq({"sweep", "tiny", "--name", "again", "method=late"}));
  const auto all = json::parse(place.laq({"table", "results", "--format", "json"}).out);
  REQUIRE(all.size() == 2);
  CHECK(all[0]["sweep"] == "again");
  CHECK(all[1]["sweep"] == "mine");
  CHECK(json::parse(place.laq({"table", "mine", "--format", "json"}).out)["rows"].size() == 1);
  check_refusal(place.laq({"report", "results", "--out", "page.html"}), 2,
                {"several sweeps", "again, mine"});
}

TEST_CASE("a sweep whose file was edited shows the old results, and one line that says so") {
  const Workplace place;
  const fs::path file = place / "configs/sweeps/tiny.yaml";
  check_done(place.laq({"sweep", "tiny"}));
  const auto means = [&] {
    std::vector<double> all;
    const json table = json::parse(place.laq({"table", "tiny", "--format", "json"}).out);
    for (const auto& row : table["rows"]) all.push_back(row["cells"][0]["mean"]);
    return all;
  };
  const auto before = means();
  REQUIRE(before.size() == 2);
  write_text(file, read_file(file) + "overrides: {train.epochs: 7}\n");
  CHECK(means() == before);
  const Outcome table = place.laq({"table", "tiny"});
  check_done(table);
  CHECK(count(table.out, "today's files say otherwise: train.epochs 3 → 7 (2 runs)") == 1);
  write_text(file, "experiments: [\n");
  CHECK(means() == before);
  fs::remove(file);
  CHECK(means() == before);
}

TEST_CASE("a sweep narrowed by words says how its file's list of methods was edited since") {
  const Workplace place;
  const fs::path file = place / "configs/sweeps/tiny.yaml";
  check_done(place.laq({"sweep", "tiny", "method=late", "train.epochs=1"}));
  CHECK(count(place.laq({"table", "tiny"}).out, "today's files") == 0);
  std::string text = read_file(file);
  text.replace(text.find("[full, late]"), 12, "[late, twn, bwn]");
  write_text(file, text);
  CHECK(count(place.laq({"table", "tiny"}).out,
              "today's files say otherwise: the methods twn, bwn are new; the method full is "
              "gone.") == 1);
}

TEST_CASE("records without a plan are shown by what is in them") {
  const Workplace place;
  for (const char* batch : {"20", "10"})
    check_done(place.laq({"run", "tiny", "--method", "late", "train.epochs=1", "--runs", "bare",
                          std::string("train.batch=") + batch}));
  const Outcome table = place.laq({"table", "bare"});
  check_done(table);
  CHECK_THAT(table.out, Catch::Contains("| method | train.batch |") &&
                            Catch::Contains("| LATe   | 10 ") && Catch::Contains("| LATe   | 20 "));
  fs::create_directory(place / "empty");
  check_refusal(place.laq({"table", "empty"}), 1, {"no run is here", "0 runs"});
}

TEST_CASE("rows, columns, metrics and order of a table are chosen") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "seed=1,2", "train.batch=10,20", "train.epochs=1"}));
  const auto table = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"table", "tiny"});
    const Outcome outcome = place.laq(more);
    check_done(outcome);
    return outcome.out;
  };
  const std::string pivot = table({"--rows", "method", "--columns", "train.batch", "--metric",
                                   "test_error,valid_error,step_ms,size", "--caption", "Mine"});
  CHECK_THAT(pivot,
             Catch::StartsWith("# Mine: ") &&
                 Catch::Contains("| method         | Tiny, batch=10, test error (%) |   n | ") &&
                 Catch::Contains("validation error (%)") && Catch::Contains("ms per step") &&
                 Catch::Contains("Tiny, batch=20, test error (%)") && !Catch::Contains("## "));
  const json over = json::parse(table({"--mean-over", "seed,train.batch", "--format", "json"}));
  REQUIRE(over["rows"].size() == 2);
  CHECK(over["rows"][0]["cells"][0]["n"] == 4);
  CHECK(over["rows"][0]["cells"][0]["valid_mean"].is_number());
  const json seeds = json::parse(table({"--rows", "seed", "--where", "method=late", "--where",
                                        "train.batch=10", "--sort", "-seed", "--format", "json"}));
  REQUIRE(seeds["rows"].size() == 2);
  CHECK(seeds["rows"][0]["point"]["seed"] == "2");
  const json sorted = json::parse(table({"--sort", "test_error", "--format", "json"}));
  double last = 0;
  for (const auto& row : sorted["rows"]) {
    CHECK(row["cells"][0]["mean"].get<double>() >= last);
    last = row["cells"][0]["mean"];
  }
  check_refusal(place.laq({"table", "tiny", "--metric", "test_eror"}), 2,
                {"--metric", "'test_eror'", "did you mean 'test_error'?"});
  check_refusal(place.laq({"table", "tiny", "--rows", "train.bach"}), 2, {"train.bach"});
  check_refusal(place.laq({"table", "tiny", "--sort", "nothing"}), 2, {"--sort", "'nothing'"});
}

TEST_CASE("a table shows the bytes of the files that its runs would be exported to") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "train.epochs=1"}));
  const Outcome shown = place.laq({"table", "tiny", "--metric", "file"});
  check_done(shown);
  const json all =
      json::parse(place.laq({"table", "tiny", "--metric", "file", "--format", "json"}).out);
  for (const auto& row : all["rows"]) {
    const json& cell = row["cells"][0];
    const std::string folder = cell["runs"][0]["folder"];
    check_done(place.laq({"export", folder, "--out", "model.safetensors"}));
    const auto bytes = fs::file_size(place / "model.safetensors");
    CHECK(cell["file_bytes"] == bytes);
    CHECK_THAT(shown.out, Catch::Contains(" " + std::to_string(bytes) + " |"));
    fs::remove(place.path() / folder / "best.h5");
  }
  const Outcome without = place.laq({"table", "tiny", "--metric", "file", "--format", "json"});
  check_done(without);
  CHECK_THAT(without.out, !Catch::Contains("file_bytes"));
}

TEST_CASE("a table is compared with one that was kept") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny"}));
  fs::create_directories(place / "configs/reference");
  const fs::path kept = place / "configs/reference/tiny.json";
  fs::copy(place / "results/tiny/table.json", kept);
  const Outcome same = place.laq({"table", "tiny", "--check"});
  check_done(same);
  CHECK_THAT(same.out, Catch::Contains("reproduced                 LATe, Tiny: ours ") &&
                           Catch::Contains("Reproduced: 2 of 2 cells consistent with the reference "
                                           "configs/reference/tiny.json, each within "));
  const std::string table = place.laq({"table", "tiny"}).out;
  CHECK(table.find("\nReproduced: 2 of 2 cells") < table.find("| method"));
  json other = json::parse(read_file(kept));
  other["rows"][1]["cells"][0]["runs"][0]["value"] = 99.0;
  write_text(kept, other.dump());
  const Outcome off = place.laq({"table", "tiny", "--check"});
  CHECK(off.exit_code == 1);
  CHECK_THAT(off.out, Catch::Contains("Not reproduced: 1 of 2 cells") &&
                          Catch::Contains("1 off (LATe, Tiny)"));
  write_text(kept, "[1]");
  check_refusal(place.laq({"table", "tiny", "--check"}), 1, {"tiny.json", "is not a table"});
}

TEST_CASE("status shows what runs are doing") {
  const Workplace place;
  check_refusal(place.laq({"status", "nowhere"}), 1, {"nowhere", "no such folder"});
  fs::create_directory(place / "empty");
  CHECK(place.laq({"status", "empty"}).out == "no runs here\n");

  check_done(place.laq({"run", "tiny", "--runs", "runs"}));
  Program program(
      place.call({"run", "tiny", "--runs", "runs", "--method", "late", "train.epochs=100000"}));
  REQUIRE(program.wait_for_output("epoch "));
  const Outcome running = place.laq({"status", "runs", "--long"});
  check_done(running);
  CHECK_THAT(running.out, Catch::Contains("1 completed, 1 running") && Catch::Contains("/100000") &&
                              Catch::Contains("last sign of life"));
  program.send(SIGKILL);
  program.finish();
  const Outcome killed = place.laq({"status", "runs", "--long"});
  CHECK_THAT(killed.out, Catch::Contains("1 completed, 1 interrupted") &&
                             Catch::Contains("its process ended without a word"));
  write_text(place.run_folder("full", "runs") / "status.json", "{ half");
  const Outcome broken = place.laq({"status", "runs"});
  check_done(broken);
  CHECK_THAT(broken.out, Catch::Contains("unreadable") && Catch::Contains("status.json"));
}
