#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/files.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

// cmake/version.cmake, which tells the program its commit, as a build calls it.

namespace {

/// What it says, and the commit it found.
struct Told {
  std::string message, commit;
};

Told version_of(const fs::path& sources, const std::string& git, const fs::path& scratch,
                bool other_owner = false) {
  const fs::path header = scratch / "version.hpp";
  Call call;
  call.program = LAQ_CMAKE;
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"SOURCE_DIR", sources.string()},
                                          {"VERSION", "1"},
                                          {"GIT", git},
                                          {"OUTPUT", scratch.string()}})
    call.arguments.insert(call.arguments.end(), {"-D", name + "=" + value});
  call.arguments.insert(call.arguments.end(), {"-P", LAQ_SOURCE_DIR "/cmake/version.cmake"});
  if (other_owner) call.environment["GIT_TEST_ASSUME_DIFFERENT_OWNER"] = "1";
  const Outcome outcome = run(call);
  INFO(outcome.command << "\n" << outcome.out << outcome.err);
  REQUIRE(outcome.exit_code == 0);
  const std::string text = read_file(header), begin = "kGitCommit[] = \"";
  const auto at = text.find(begin) + begin.size();
  return {outcome.out + outcome.err, text.substr(at, text.find('"', at) - at)};
}

bool shell(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

}  // namespace

TEST_CASE("a build knows its commit whoever owns the sources, or says why it does not") {
  if (!shell("git --version")) {
    WARN("skipped: git is not installed");
    return;
  }
  const Workplace place;
  const fs::path sources = place / "sources";
  make_folder(sources);
  const auto told = [&](const std::string& git, bool other_owner = false) {
    return version_of(sources, git, place.path(), other_owner);
  };
  CHECK(told("git").commit == "unknown: built outside a repository of its own");
  CHECK(told("git").message.empty());
  REQUIRE(shell("cd '" + sources.string() +
                "' && git init -q && git -c user.name=a -c user.email=a@b commit -q --allow-empty "
                "-m first"));
  const std::string commit = told("git").commit;
  CHECK(commit.size() == 40);
  CHECK(told("git").message.empty());
  CHECK(told("git", true).commit == commit);
  CHECK(told("git", true).message.empty());

  // An older git heeds no `-c safe.directory`.
  write_text(place / "git",
             "#!/bin/sh\n"
             "echo \"fatal: detected dubious ownership in repository at '" +
                 sources.string() + "'\" >&2\necho 'more advice' >&2\nexit 128\n");
  fs::permissions(place / "git", fs::perms::all);
  const Told refused = told((place / "git").string());
  CHECK(refused.commit == "unknown: fatal: detected dubious ownership in repository at '.'");
  CHECK_THAT(refused.message,
             Catch::StartsWith("laq: ") && Catch::Contains("dubious ownership") &&
                 Catch::Contains("git config --global --add safe.directory " + sources.string()));
  CHECK(count(refused.message, "\n") == 1);
  const Told none = told("");
  CHECK(none.commit == "unknown: git was not found");
  CHECK_THAT(none.message, Catch::Contains("git was not found"));
}
