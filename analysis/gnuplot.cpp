#include "analysis/gnuplot.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/machine.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

constexpr int kNotFound = 127;

// In the child: what gnuplot says goes to `said`. Only calls that are allowed after a fork.
[[noreturn]] void become_gnuplot(char* const* arguments, const char* folder, int said) {
  const int nothing = ::open("/dev/null", O_RDONLY);
  const bool ready = nothing >= 0 && ::chdir(folder) == 0 && ::dup2(nothing, 0) == 0 &&
                     ::dup2(said, 1) == 1 && ::dup2(said, 2) == 2;
  if (ready) ::execvp(arguments[0], arguments);
  ::_exit(ready && errno == ENOENT ? kNotFound : 126);
}

// What went wrong, without the line of the script and the caret below it.
std::string first_complaint(const std::string& said) {
  for (const auto& line : split(said, '\n')) {
    if (line.find("line ") != std::string::npos && line.find(": ") != std::string::npos)
      return line;
  }
  return first_line(said);
}

}  // namespace

void run_gnuplot(const std::vector<std::string>& arguments, const fs::path& folder) {
  std::vector<std::string> words = {"gnuplot"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  const fs::path log = folder / "gnuplot.log";
  const int said = ::open(log.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (said < 0) throw Error({.what = "cannot write: " + errno_text(), .where = log.string()});
  const std::string place = folder.string();
  const pid_t child = ::fork();
  if (child == 0) become_gnuplot(pointers.data(), place.c_str(), said);
  ::close(said);
  if (child < 0) throw Error({.what = "cannot start gnuplot: " + errno_text()});
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotFound) {
    throw Error({.what = "gnuplot, which draws the figures, is not installed",
                 .advice = "install Debian's package gnuplot-nox"});
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Error({.what = "gnuplot failed: " + first_complaint(read_file(log)),
                 .where = arguments.empty() ? "" : arguments.back()});
}

void require_gnuplot() {
  const TemporaryFolder folder;
  run_gnuplot({"--version"}, folder.path());
}

std::string without_date(std::string pdf) {
  const std::string mark = "/CreationDate (D:";
  const std::string fixed = "19700101000000";
  const auto at = pdf.find(mark);
  if (at == std::string::npos || at + mark.size() + fixed.size() > pdf.size()) return pdf;
  const auto digits = pdf.begin() + static_cast<std::ptrdiff_t>(at + mark.size());
  const auto end = digits + static_cast<std::ptrdiff_t>(fixed.size());
  const bool date = std::all_of(digits, end, [](unsigned char c) { return std::isdigit(c) != 0; });
  if (date) std::copy(fixed.begin(), fixed.end(), digits);  // as long as before: offsets stay
  return pdf;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = fs::path(environment("TMPDIR").value_or("/tmp")) / "laq-figures-XXXXXX";
  if (!::mkdtemp(pattern.data())) {
    throw Error({.what = "cannot make a temporary folder: " + errno_text(),
                 .where = pattern,
                 .advice = "let TMPDIR name a folder that can be written to"});
  }
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace laq::analysis
