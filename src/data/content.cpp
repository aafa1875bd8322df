#include "data/content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <span>

#include "core/error.hpp"
#include "core/files.hpp"
#include "data/gzip.hpp"
#include "data/idx.hpp"

namespace laq::data {
namespace {

bool looks_like_html(std::string_view raw) {
  const auto begin = raw.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (begin == std::string_view::npos) return false;
  std::string head(raw.substr(begin, 14));
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return head.starts_with("<!doctype html") || head.starts_with("<html") ||
         head.starts_with("<head") || head.starts_with("<?xml");
}

void check_count(std::int64_t found, std::int64_t expected, const char* what,
                 const std::string& where) {
  if (found == expected) return;
  throw Error({.what = fmt::format("wrong number of {}", what),
               .where = where,
               .found = std::to_string(found),
               .expected = std::to_string(expected)});
}

void check_idx(const DatasetSpec& spec, const DataFile& file, std::span<const std::uint8_t> bytes,
               const std::string& where) {
  const std::int64_t rows = file.role.starts_with("train_")
                                ? spec.splits.train + spec.splits.validation
                                : spec.splits.test;
  if (file.role.ends_with("_images")) {
    check_count(parse_idx_images(bytes, where).count, rows, "images", where);
    return;
  }
  const auto labels = parse_idx_labels(bytes, where);
  check_count(static_cast<std::int64_t>(labels.size()), rows, "labels", where);
  const auto bad = std::find_if(labels.begin(), labels.end(),
                                [&](std::uint8_t label) { return label >= spec.classes; });
  if (bad != labels.end()) {
    throw Error({.what = fmt::format("label {} is out of range", bad - labels.begin()),
                 .where = where,
                 .found = std::to_string(*bad),
                 .expected = fmt::format("0 to {}", spec.classes - 1)});
  }
}

void check_format(const DatasetSpec& spec, const DataFile& file,
                  std::span<const std::uint8_t> bytes, const std::string& where) {
  switch (spec.kind) {
    case Kind::idx:
      return check_idx(spec, file, bytes, where);
  }
}

}  // namespace

std::vector<std::string> roles(Kind kind) {
  switch (kind) {
    case Kind::idx:
      return {"train_images", "train_labels", "test_images", "test_labels"};
  }
  return {};
}

std::size_t most_raw_bytes(const DataFile& file) {
  return static_cast<std::size_t>(file.bytes + file.bytes / 100 + 65536);
}

std::vector<std::uint8_t> checked_content(const DatasetSpec& spec, const DataFile& file,
                                          std::string_view raw, const std::string& where) {
  if (looks_like_html(raw)) {
    throw Error(
        {.what = "is a page of HTML (or XML)", .where = where, .expected = "the data file"});
  }
  auto content = unpack(raw, static_cast<std::size_t>(file.bytes), where);
  check_format(spec, file, content, where);
  const std::string found = sha256(std::as_bytes(std::span(content)));
  if (found != file.sha256) {
    throw Error(
        {.what = file.hash_checked
                     ? "wrong SHA-256"
                     : "wrong SHA-256 (the expected one was never compared with the real file)",
         .where = where,
         .found = found,
         .expected = file.sha256});
  }
  return content;
}

}  // namespace laq::data
