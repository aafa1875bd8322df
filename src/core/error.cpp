#include "core/error.hpp"

#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>

#include "core/text.hpp"

namespace laq {
namespace {

std::string one_line(const Problem& p) {
  std::string line;
  if (!p.where.empty()) line += p.where + ": ";
  line += p.what;
  if (!p.found.empty()) line += ": found " + p.found;
  if (!p.expected.empty()) line += (p.found.empty() ? ": expected " : ", expected ") + p.expected;
  if (!p.advice.empty()) line += "; " + p.advice;
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return line;
}

}  // namespace

Error::Error(const Problem& problem, Kind kind)
    : std::runtime_error(one_line(problem)), kind_(kind) {}

Error usage_error(const Problem& problem) {
  return Error(problem, Error::Kind::usage);
}

std::string reason_of(const std::exception& error) {
  // LibTorch says it with its allocator's name.
  const bool no_memory =
      dynamic_cast<const std::bad_alloc*>(&error) ||
      std::string_view(error.what()).find("DefaultCPUAllocator") != std::string_view::npos;
  if (!no_memory) return first_line(error.what());
  return "out of memory; allow the process more (ulimit -v, the job's or container's limit), run "
         "fewer at once, or choose a smaller network or batch";
}

std::string errno_text() {
  return std::strerror(errno);
}

}  // namespace laq
