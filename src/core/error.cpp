#include "core/error.hpp"

#include <cerrno>
#include <cstring>

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

std::string errno_text() {
  return std::strerror(errno);
}

}  // namespace laq
