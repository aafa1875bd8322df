#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "core/files.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

const std::vector<std::vector<std::string>> kText{{"table", "tiny"}, {"claims", "tiny"}};

std::vector<std::string> with(std::vector<std::string> words, const std::string& out) {
  words.insert(words.end(), {"--out", out});
  return words;
}

}  // namespace

TEST_CASE("the option --out goes through links and refuses what is no file") {
  const Workplace place;
  REQUIRE(::mkfifo((place / "pipe").c_str(), 0600) == 0);
  fs::create_symlink("real", place / "link");
  fs::create_symlink("/dev/null", place / "nothing");
  check_done(place.laq({"sweep", "tiny", "train.epochs=1"}));
  for (const auto& words : kText) {
    const Outcome printed = place.laq(words);
    check_done(printed);
    write_text(place / "real", "old");
    check_done(place.laq(with(words, "link")));
    CHECK(read_file(place / "real") == printed.out);
    CHECK(fs::is_symlink(place / "link"));
    check_refusal(place.laq(with(words, "pipe")), 1, {"pipe", "cannot be replaced", "a pipe"});
    check_refusal(place.laq(with(words, "nothing")), 1, {"nothing", "a device"});
  }
  CHECK(fs::is_fifo(place / "pipe"));
}

TEST_CASE("the values - and /dev/stdout of --out are standard output for text") {
  const Workplace place;
  check_done(place.laq({"sweep", "tiny", "train.epochs=1"}));
  for (const auto& words : kText) {
    const Outcome printed = place.laq(words);
    for (const char* out : {"-", "/dev/stdout"}) {
      const Outcome outcome = place.laq(with(words, out));
      check_done(outcome);
      CHECK(outcome.out == printed.out);
    }
    // A file behind standard output is written to, not replaced under it.
    write_text(place / "shell", "");
    Call call = place.call(with(words, "/dev/stdout"));
    call.output_file = (place / "shell").string();
    const auto before = fs::hard_link_count(place / "shell");
    fs::create_hard_link(place / "shell", place / "same");
    check_done(run(call));
    CHECK(read_file(place / "same") == printed.out);
    CHECK(fs::hard_link_count(place / "same") == before + 1);
    fs::remove(place / "same");
  }
  Call piped = place.call(
      {"-c", "\"$0\" table tiny --out /dev/stdout | cat", fs::canonical(LAQ_PROGRAM).string()});
  piped.program = "/bin/sh";
  const Outcome outcome = run(piped);
  check_done(outcome);
  CHECK(outcome.out == place.laq({"table", "tiny"}).out);
  check_refusal(place.laq({"quantize", "--method", "late", "--weights", "w.h5:/w", "--out", "-"}),
                2, {"--out", "HDF5", "standard output"});
  check_refusal(place.laq({"plot", "tiny", "--out", "-"}), 2, {"--out", "figures"});
  CHECK_FALSE(fs::exists(place / "-"));
}

TEST_CASE("with closed standard streams nothing is written into the run's files") {
  const Workplace place;
  Call call =
      place.call({"-c", "exec \"$0\" run tiny <&- >&- 2>&-", fs::canonical(LAQ_PROGRAM).string()});
  call.program = "/bin/sh";
  CHECK(run(call).exit_code == 0);
  const fs::path folder = place.run_folder();
  CHECK(read_file(folder / "lock").empty());
  check_done(place.laq({"run", "tiny", "--runs", "plain"}));
  CHECK(read_file(folder / "config.yaml") ==
        read_file(place.run_folder("full", "plain") / "config.yaml"));
}
