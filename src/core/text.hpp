#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace laq {

/// The candidate nearest to `word` by edit distance, or "" when none is near enough to be a likely
/// typo.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "; did you mean 'x'?" advice from `nearest`, otherwise "known: a, b, c".
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");
/// The first few parts and, when there are more, "…".
std::string join_few(const std::vector<std::string>& parts, std::size_t most = 3);
std::vector<std::string> split(std::string_view text, char separator);

/// "1 run", "2 runs".
std::string counted(std::size_t n, std::string_view what);

/// A field of a table with this separator, as RFC 4180 has it: in quotes, with those in it doubled,
/// where it holds a separator, a quote or a line break.
std::string quoted_field(const std::string& field, char separator);

/// The number that the whole text is. None: something else is in it, or the type cannot hold it.
template <typename T>
std::optional<T> number_from(std::string_view text) {
  T number{};
  const char* end = text.data() + text.size();
  const auto [last, failed] = std::from_chars(text.data(), end, number);
  return failed == std::errc{} && last == end ? std::optional(number) : std::nullopt;
}

/// Up to the first line break: libraries put stack traces into their messages.
std::string first_line(std::string_view text);

/// Seconds as "42 s", "3 min 20 s", "5 h 03 min".
std::string duration_text(double seconds);

/// Now in UTC, ISO 8601: 2026-01-31T12:00:00Z.
std::string now_iso8601();

}  // namespace laq
