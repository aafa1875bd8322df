#include "data/content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
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

void refuse_html(std::string_view raw, const std::string& where) {
  if (!looks_like_html(raw)) return;
  throw Error({.what = "is a page of HTML (or XML)", .where = where, .expected = "the data file"});
}

void check_size(const DataFile& file, std::size_t found, const std::string& where) {
  const auto expected = static_cast<std::size_t>(file.bytes);
  if (found == expected) return;
  throw Error({.what = found < expected ? "file is truncated" : "file is too long",
               .where = where,
               .found = fmt::format("{} bytes", found),
               .expected = std::to_string(expected)});
}

/// The hash that the file is known by, over pieces of it.
class ContentHash {
 public:
  explicit ContentHash(const DataFile& file)
      : digest_(file.git_blob.empty() ? Digest::Kind::sha256 : Digest::Kind::sha1) {
    // What git hashes: this, a zero byte, the content.
    if (!file.git_blob.empty()) {
      const std::string head = fmt::format("blob {}", file.bytes);
      digest_.add(std::as_bytes(std::span(head.c_str(), head.size() + 1)));
    }
  }
  ContentHash& add(std::string_view piece) {
    digest_.add(std::as_bytes(std::span(piece)));
    return *this;
  }
  std::string hex() { return digest_.hex(); }

 private:
  Digest digest_;
};

void check_hash(const DataFile& file, ContentHash& hash, const std::string& where) {
  const std::string found = hash.hex();
  const bool git = !file.git_blob.empty();
  const std::string& expected = git ? file.git_blob : file.sha256;
  if (found == expected) return;
  throw Error(
      {.what = fmt::format(
           "wrong {}{}", git ? "git blob id" : "SHA-256",
           file.hash_checked ? "" : " (the expected one was never compared with the real file)"),
       .where = where,
       .found = found,
       .expected = expected});
}

}  // namespace

std::vector<std::string> roles(Kind kind, std::size_t files) {
  switch (kind) {
    case Kind::idx:
      return {"train_images", "train_labels", "test_images", "test_labels"};
    case Kind::cifar:
      return {"archive"};
    case Kind::svhn:
      return {"train", "extra", "test"};
    case Kind::image_folder:
      return {"pictures"};
    case Kind::table:
      return {"table"};
    case Kind::text:
      if (files == 1) return {"text"};
      return {"train", "validation", "test"};
  }
  return {};
}

std::size_t most_raw_bytes(const DataFile& file) {
  return static_cast<std::size_t>(file.bytes + file.bytes / 100 + 65536);
}

void check_count(std::int64_t found, std::int64_t expected, const char* what,
                 const std::string& where) {
  if (found == expected) return;
  throw Error({.what = fmt::format("wrong number of {}", what),
               .where = where,
               .found = std::to_string(found),
               .expected = std::to_string(expected)});
}

std::vector<std::uint8_t> checked_content(const DatasetSpec& spec, const DataFile& file,
                                          std::string_view raw, const std::string& where) {
  refuse_html(raw, where);
  auto content = unpack(raw, static_cast<std::size_t>(file.bytes), where);
  check_idx(spec, file, content, where);
  const auto* bytes = reinterpret_cast<const char*>(content.data());
  check_hash(file, ContentHash(file).add({bytes, content.size()}), where);
  return content;
}

void check_published(const DataFile& file, std::string_view raw, const std::string& where) {
  refuse_html(raw, where);
  check_size(file, raw.size(), where);
  check_hash(file, ContentHash(file).add(raw), where);
}

void check_published(const DataFile& file, const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error({.what = "cannot read: " + errno_text(), .where = path.string()});
  std::string block(std::size_t{1} << 20, '\0');
  ContentHash hash(file);
  std::size_t size = 0;
  do {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    const std::string_view got(block.data(), static_cast<std::size_t>(in.gcount()));
    if (size == 0) refuse_html(got, path.string());
    hash.add(got);
    size += got.size();
  } while (in);
  if (in.bad()) throw Error({.what = "reading failed: " + errno_text(), .where = path.string()});
  check_size(file, size, path.string());
  check_hash(file, hash, path.string());
}

}  // namespace laq::data
