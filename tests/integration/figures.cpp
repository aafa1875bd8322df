#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "core/files.hpp"
#include "core/text.hpp"
#include "integration/workplace.hpp"
#include "record/run_record.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kWords = {"method=full,lab,twn,lata,laq3_log", "train.epochs=2"};

Outcome call(const Workplace& place, std::vector<std::string> words) {
  words.insert(words.end(), kWords.begin(), kWords.end());
  return place.laq(words);
}

bool has_gnuplot() {
  return std::system("command -v gnuplot >/dev/null 2>&1") == 0;
}

std::string text_of_pdf(const fs::path& pdf) {
  const fs::path out = pdf.string() + ".txt";
  const std::string command = "pdftotext -layout '" + pdf.string() + "' '" + out.string() + "'";
  return std::system(command.c_str()) == 0 ? read_file(out) : "";
}

std::vector<std::vector<std::string>> rows_of(const fs::path& file) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& line : split(read_file(file), '\n')) {
    if (!line.empty()) rows.push_back(split(line, '\t'));
  }
  return rows;
}

std::set<std::string> files_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

}  // namespace

TEST_CASE("figures are drawn from a sweep's records") {
  if (!has_gnuplot()) {
    WARN("skipped: gnuplot is not here (package gnuplot-nox)");
    return;
  }
  const Workplace place;
  check_done(call(place, {"sweep", "tiny"}));
  Call nowhere = place.call({"plot", "tiny", "train.epochs=2"});
  nowhere.environment["TMPDIR"] = "/nowhere";
  check_refusal(run(nowhere), 1, {"/nowhere/", "temporary folder", "TMPDIR"});
  const Outcome outcome = call(place, {"plot", "tiny"});
  check_done(outcome);
  const fs::path folder = place / "results/tiny/figures";
  const std::vector<std::pair<std::string, std::vector<std::string>>> axes = {
      {"overview", {"Test error (%)", "2 bits", "TWN", "32 bits: full precision"}},
      {"learning", {"Error (%)", "Epoch", "LATa", "test error"}},
      {"loss", {"Loss (squared hinge)", "Epoch", "training loss"}},
      {"step_time", {"Time of a training step (ms)", "LAQ log (3 bits)"}},
      {"rounds", {"Rounds", "Epoch", "LATa"}},
      {"gap", {"Gap to optimum (%)", "Epoch", "LATa"}},
      {"layers-LATa",
       {"Scale α", "Zero weights (%)", "Weights that flip (%)", "Epoch", "dense1",
        "Weights of dense2 (%)", "Rounds of the solver"}}};
  for (const auto& [name, labels] : axes) {
    INFO(name);
    CHECK_THAT(outcome.out, Catch::Contains("figures/" + name + ".{svg,pdf}: "));
    const std::string svg = read_file(folder / (name + ".svg"));
    const std::string pdf = read_file(folder / (name + ".pdf"));
    CHECK_THAT(svg, Catch::StartsWith("<?xml") && Catch::Contains("</svg>"));
    CHECK_THAT(pdf, Catch::StartsWith("%PDF-") && Catch::Contains("%%EOF"));
    const std::string printed = text_of_pdf(folder / (name + ".pdf"));
    for (const auto& label : labels) {
      INFO(label);
      CHECK_THAT(svg, Catch::Contains(label));
      if (!printed.empty() && label.find('(') == std::string::npos)
        CHECK_THAT(printed, Catch::Contains(label));
    }
  }
  CHECK_THAT(outcome.out, Catch::Contains("left out: Test error against bits per weight, ") &&
                              !Catch::Contains("weights-") && !Catch::Contains("scales-"));

  // The numbers beside a figure are those of the records.
  const auto record =
      record::read_run_record(place.run_folder("lata", "results/tiny/runs") / "run.h5");
  const auto& errors = *record.history.epochs.find("test_error");
  bool found = false;
  for (const auto& row : rows_of(folder / "learning.tsv")) {
    if (row.at(1) != "LATa" || row.at(3) != "test error" || row.at(4) != "2") continue;
    found = true;
    CHECK(std::stod(row.at(5)) == Approx(errors.at(1)).epsilon(1e-5));
  }
  CHECK(found);
  double share = 0;
  for (const auto& row : rows_of(folder / "layers-LATa.tsv")) {
    if (row.at(1) == "Weights of dense1 (%)" && row.at(3) == "latent")
      share += std::stod(row.at(5));
  }
  CHECK(share == Approx(100).epsilon(1e-4));

  // The same records give the same files; a figure that is drawn no more goes.
  std::map<std::string, std::string> before;
  for (const auto& name : files_in(folder)) before[name] = read_file(folder / name);
  write_text(folder / "mine.txt", "kept");
  check_done(call(place, {"plot", "tiny"}));
  for (const auto& [name, content] : before) {
    INFO(name);
    if (!name.ends_with(".txt")) CHECK(read_file(folder / name) == content);
  }
  const Outcome fewer = place.laq({"plot", "tiny", "method=full", "train.epochs=2"});
  check_done(fewer);
  CHECK_THAT(fewer.out, Catch::Contains("left out: Layers: no record of a quantized run"));
  CHECK(fs::exists(folder / "learning.svg"));
  CHECK(fs::exists(folder / "mine.txt"));
  for (const char* name : {"gap.svg", "gap.tsv", "layers-LATa.pdf", "layers-LATa.gp"})
    CHECK_FALSE(fs::exists(folder / name));
  CHECK_THAT(read_file(folder / "figures.tsv"),
             Catch::Contains("left out\tno record of a quantized run"));
}

TEST_CASE("sweeps that share a runs folder keep their figures and pages apart") {
  if (!has_gnuplot()) {
    WARN("skipped: gnuplot is not here (package gnuplot-nox)");
    return;
  }
  const Workplace place;
  for (const std::string name : {"one", "other"}) {
    const std::vector<std::string> of = {
        "tiny",   "method=" + std::string(name == "one" ? "full" : "late"),
        "--name", name,
        "--runs", "shared/runs"};
    for (const std::string command : {"sweep", "plot", "report"}) {
      std::vector<std::string> words = {command};
      words.insert(words.end(), of.begin(), of.end());
      const Outcome outcome = place.laq(words);
      check_done(outcome);
      if (command == "report")
        CHECK_THAT(outcome.out,
                   Catch::Contains("report: shared/runs/sweep-" + name + "/report.html"));
    }
  }
  const fs::path one = place / "shared/runs/sweep-one", other = place / "shared/runs/sweep-other";
  CHECK_THAT(read_file(one / "figures/learning.tsv"),
             Catch::Contains("full-precision") && !Catch::Contains("LATe"));
  CHECK_THAT(read_file(other / "figures/learning.tsv"),
             Catch::Contains("LATe") && !Catch::Contains("full-precision"));
  CHECK_THAT(read_file(one / "report.html"), !Catch::Contains("LATe, "));
  CHECK(files_in(place / "shared") == std::set<std::string>{"runs"});
}

TEST_CASE("a figure can be drawn again from its own files") {
  if (!has_gnuplot()) {
    WARN("skipped: gnuplot is not here (package gnuplot-nox)");
    return;
  }
  const Workplace place;
  check_done(call(place, {"sweep", "tiny"}));
  check_done(call(place, {"plot", "tiny", "--out", "drawn"}));
  fs::remove(place / "drawn/overview.svg");
  const std::string command = "cd '" + (place / "drawn").string() + "' && gnuplot overview.gp";
  CHECK(std::system(command.c_str()) == 0);
  CHECK_THAT(read_file(place / "drawn/overview.svg"), Catch::Contains("2 bits"));
}

TEST_CASE("figures have the width and the layers that are asked for") {
  if (!has_gnuplot()) {
    WARN("skipped: gnuplot is not here (package gnuplot-nox)");
    return;
  }
  const Workplace place;
  check_done(call(place, {"sweep", "tiny"}));
  check_done(call(place, {"plot", "tiny", "--width", "317", "--layers", "none", "--out", "paper"}));
  CHECK_THAT(read_file(place / "paper/learning.svg"), Catch::Contains("viewBox=\"0 0 317 "));
  CHECK_FALSE(fs::exists(place / "paper/layers-LATa.svg"));
  check_refusal(call(place, {"plot", "tiny", "--width", "20"}), 2, {"--width", "280"});
  check_refusal(call(place, {"plot", "tiny", "--layers", "some"}), 2, {"--layers", "best"});
}

TEST_CASE("weights of runs without a recorded distribution come from the checkpoint") {
  if (!has_gnuplot()) {
    WARN("skipped: gnuplot is not here (package gnuplot-nox)");
    return;
  }
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "method=late"}));
  const fs::path run = place.run_folder("late", "results/tiny/runs");
  check_done(place.laq({"plot", "tiny", "method=late", "--out", "with"}));
  auto record = record::read_run_record(run / "run.h5");
  for (auto& [layer, columns] : record.history.layers) {
    std::erase_if(columns, [](const auto& column) {
      return column.first.starts_with("latent_") || column.first == "level_values";
    });
  }
  record::write_run_record(run / "run.h5", record.provenance, record.history);
  check_done(place.laq({"plot", "tiny", "method=late", "--out", "without"}));
  const auto with = rows_of(place / "with/layers-LATe.tsv");
  const auto without = rows_of(place / "without/layers-LATe.tsv");
  REQUIRE(with.size() == without.size());
  for (std::size_t i = 1; i < with.size(); ++i) {
    CHECK(with[i][1] == without[i][1]);
    for (const std::size_t c : {4, 5})
      CHECK(std::stod(with[i][c]) == Approx(std::stod(without[i][c])).margin(1e-4));
  }
  fs::remove(run / "checkpoint.h5");
  const Outcome neither = place.laq({"plot", "tiny", "method=late", "--out", "neither"});
  check_done(neither);
  CHECK_THAT(neither.out, Catch::Contains("there is no checkpoint"));
}

TEST_CASE("without gnuplot its package is named, and nothing is written") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "method=full", "train.epochs=1"}));
  fs::create_directory(place / "empty");
  for (const std::string command : {"plot", "report"}) {
    Call without = place.call({command, "tiny", "method=full", "train.epochs=1"});
    without.environment["PATH"] = (place / "empty").string();
    check_refusal(run(without), 1, {"gnuplot", "not installed", "gnuplot-nox"});
  }
  CHECK_FALSE(fs::exists(place / "results/tiny/figures"));
  CHECK_FALSE(fs::exists(place / "results/tiny/report.html"));
}
