#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/file_lock.hpp"
#include "core/files.hpp"
#include "core/text.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;
using nlohmann::json;

TEST_CASE("runs are listed with what differs and every final value") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "train.epochs=1,2"}));
  const Outcome list = place.laq({"runs", "results"});
  check_done(list);
  CHECK_THAT(list.out, Catch::Contains("train.epochs") && Catch::Contains("test_error") &&
                           Catch::Contains("peak_rss_mb") && Catch::Contains("completed") &&
                           !Catch::Contains("train.batch"));
  const json all = json::parse(place.laq({"runs", "--format", "json"}).out);
  REQUIRE(all.size() == 4);
  CHECK(all[0]["final.epochs"].is_number());
  const json some = json::parse(
      place.laq({"runs", "--where", "method=late", "train.epochs=2", "--format", "json"}).out);
  REQUIRE(some.size() == 1);
  CHECK(some[0]["method"] == "late");
  CHECK(some[0]["final.epochs"] == 2);
  const auto lines = split(place.laq({"runs", "--format", "csv"}).out, '\n');
  CHECK(lines.size() == 6);  // a head, four runs, and nothing after the last
  check_refusal(place.laq({"runs", "method=twn"}), 1, {"no run fits method=twn", "full, late"});
  check_refusal(place.laq({"runs", "nowhere"}), 1, {"nowhere", "no such folder"});
}

TEST_CASE("a run is shown, and compared with another") {
  const Workplace place;
  check_done(place.laq({"run", "tiny", "--method", "late", "train.epochs=2"}));
  check_done(place.laq({"run", "tiny", "--method", "full", "train.epochs=2"}));
  const fs::path late = place.run_folder("late"), full = place.run_folder("full");
  const Outcome shown = place.laq({"show", late.string()});
  check_done(shown);
  CHECK_THAT(shown.out, Catch::Contains("| test_error ") && Catch::Contains("## Epochs") &&
                            Catch::Contains("| train.epochs ") && Catch::Contains("| commit "));
  // The end of its path is enough.
  const std::string end = late.lexically_relative(late.parent_path().parent_path()).string();
  CHECK(place.laq({"show", end}).out ==
        place.laq({"show", (fs::path("results/runs/tiny") / end).string()}).out);
  check_refusal(place.laq({"show", "seed-1"}), 1, {"several runs", "late-"});
  check_refusal(place.laq({"show", "nothing"}), 1, {"is no run", "laq runs"});
  const Outcome diff = place.laq({"diff", late.string(), full.string()});
  check_done(diff);
  CHECK_THAT(diff.out, Catch::Contains("| quantizer.levels ") && Catch::Contains("ternary") &&
                           Catch::Contains("| method ") && !Catch::Contains("| train.epochs "));
  const Outcome same = place.laq({"diff", late.string(), late.string()});
  CHECK(count(same.out, "The same.") == 3);
}

TEST_CASE("runs are removed only when it is said which, and after asking") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "train.epochs=1"}));
  const fs::path late = place.run_folder("late", "results/tiny/runs");
  check_refusal(place.laq({"rm"}), 2, {"--failed", "--where"});
  CHECK(place.laq({"rm", "--failed", "--yes"}).out == "nothing to remove\n");
  check_done(place.laq({"rm", "--failed", "--yes"}));
  const Outcome nobody = place.laq({"rm", "--where", "method=late"});
  CHECK(nobody.exit_code == 2);
  CHECK_THAT(nobody.err, Catch::Contains("--yes"));
  CHECK(fs::exists(late));
  record::Status status = status_of(late);
  status.state = record::State::failed;
  record::write_status(late / "status.json", status);
  {  // Somebody has begun to train it since.
    const FileLock training(late / "lock", FileLock::Wait::no);
    CHECK_THAT(place.laq({"rm", "--failed", "--yes"}).out,
               Catch::Contains("is being trained, and stays") && Catch::EndsWith("0 removed\n"));
    CHECK(fs::exists(late));
  }
  // Its status tells nothing, or the run is among records that are kept.
  write_text(late / "status.json", "{");
  CHECK(place.laq({"rm", "--failed", "--yes"}).out == "nothing to remove\n");
  record::write_status(late / "status.json", status);
  const fs::path kept = place / "results/tiny/records";
  fs::create_directories(kept.parent_path());
  fs::rename(place / "results/tiny/runs", kept);
  CHECK_THAT(place.laq({"rm", "--failed", "--yes"}).out,
             Catch::Contains("keeps 1 run for good") && Catch::Contains("nothing to remove"));
  fs::rename(kept, place / "results/tiny/runs");
  check_refusal(place.laq({"rm", "results", "other", "--failed", "--yes"}), 2,
                {"more than one folder", "other"});
  const Outcome gone = place.laq({"rm", "--failed", "--yes"});
  check_done(gone);
  CHECK_THAT(gone.out, Catch::Contains("late-") && Catch::EndsWith("1 removed\n"));
  CHECK_FALSE(fs::exists(late));
  CHECK(fs::exists(place.run_folder("full", "results/tiny/runs")));
  // The plan still knows it.
  check_done(place.laq({"sweep", "tiny", "train.epochs=1"}));
}

TEST_CASE("bash completes commands, options and names") {
  const Workplace place;
  const auto complete = [&](const std::string& words) {
    Call call = place.call({"-c",
                            "source <(\"$0\" completion); COMP_WORDS=(" + words +
                                "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _laq; "
                                "echo ${COMPREPLY[@]}",
                            fs::canonical(LAQ_PROGRAM).string()});
    call.program = "/bin/bash";
    const Outcome outcome = run(call);
    check_done(outcome);
    return outcome.out;
  };
  CHECK(complete("laq ta") == "table\n");
  CHECK_THAT(complete("laq table --me"),
             Catch::Contains("--mean-over") && Catch::Contains("--metric"));
  CHECK_THAT(complete("laq table ti"), Catch::Contains("tiny"));
  CHECK(complete("laq data fe") == "fetch\n");
  CHECK_THAT(complete("laq run tiny --method la"),
             Catch::Contains("late") && Catch::Contains("lab"));
}

TEST_CASE("a wrong option points to the help of its own command") {
  const Workplace place;
  check_refusal(place.laq({"table", "tiny", "--colour"}), 2, {"--colour", "laq table --help"});
  check_refusal(place.laq({"data", "fetch", "--colour"}), 2, {"laq data fetch --help"});
}
