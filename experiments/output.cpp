#include "experiments/output.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <iostream>

#include "core/error.hpp"
#include "core/files.hpp"

namespace laq {

bool means_standard_output(const std::string& out) {
  struct stat named {
  }, own{};
  const bool known = ::stat(out.c_str(), &named) == 0 && ::fstat(STDOUT_FILENO, &own) == 0;
  return out == "-" || (known && named.st_dev == own.st_dev && named.st_ino == own.st_ino);
}

void write_text(const std::string& out, const std::string& text) {
  if (!out.empty() && !means_standard_output(out)) return replace_file(out, text);
  std::cout << text << std::flush;
  if (!std::cout) throw Error({.what = "cannot write to standard output: " + errno_text()});
}

void require_a_path(const std::string& out, const std::string& what) {
  if (!means_standard_output(out)) return;
  throw usage_error({.what = what + " cannot go to standard output",
                     .where = "--out",
                     .found = "'" + out + "'",
                     .expected = "a path"});
}

void require_other_than(const std::string& out, const std::filesystem::path& file,
                        const std::string& what) {
  std::error_code absent;
  if (!std::filesystem::equivalent(file, out, absent)) return;
  throw usage_error({.what = "would take the place of " + what,
                     .where = "--out",
                     .found = "'" + out + "'",
                     .advice = "name another file"});
}

}  // namespace laq
